import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, SetMetadata } from '@nestjs/common';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { boot, closeAll } from './boot.js';

afterEach(closeAll);

describe('classes of all shapes are cached', () => {
  it('28. an inherited method belongs to the provider it is called on', async () => {
    @Injectable()
    class Base {
      runs = 0;
      @Cacheable()
      async who(): Promise<string> {
        this.runs++;
        return this.constructor.name;
      }
    }
    @Injectable()
    class Left extends Base {}
    @Injectable()
    class Right extends Base {}
    const { app } = await boot({ providers: [Base, Left, Right] });
    for (let round = 0; round < 2; round++) {
      expect(await Promise.all([Base, Left, Right].map((type) => app.get<Base>(type).who()))).toEqual([
        'Base',
        'Left',
        'Right',
      ]);
    }
    expect([Base, Left, Right].map((type) => app.get<Base>(type).runs)).toEqual([1, 1, 1]);
  });

  it('29. an override without a decorator runs each time', async () => {
    @Injectable()
    class Base {
      @Cacheable()
      async value(): Promise<string> {
        return 'base';
      }
    }
    @Injectable()
    class Sub extends Base {
      runs = 0;
      override async value(): Promise<string> {
        this.runs++;
        return 'sub';
      }
    }
    const { app } = await boot({ providers: [Sub] });
    await app.get(Sub).value();
    expect(await app.get(Sub).value()).toBe('sub');
    expect(app.get(Sub).runs).toBe(2);
  });

  it('30. an override that calls super: both are cached, each under its own key', async () => {
    @Injectable()
    class Grandparent {
      readonly runs: string[] = [];
      @Cacheable()
      async value(): Promise<string> {
        this.runs.push('grandparent');
        return 'g';
      }
    }
    @Injectable()
    class Parent extends Grandparent {
      @Cacheable()
      override async value(): Promise<string> {
        this.runs.push('parent');
        return `p${await super.value()}`;
      }
    }
    @Injectable()
    class Child extends Parent {
      @Cacheable()
      override async value(): Promise<string> {
        this.runs.push('child');
        return `c${await super.value()}`;
      }
      inner(): Promise<string> {
        return super.value();
      }
    }
    const { app } = await boot({ providers: [Child] });
    const child = app.get(Child);
    expect([await child.value(), await child.value(), await child.inner()]).toEqual(['cpg', 'cpg', 'pg']);
    expect(child.runs).toEqual(['child', 'parent', 'grandparent']);
  });

  it('30. an override that calls super under the same namespace and key does not wait for itself', async () => {
    class Base {
      @Cacheable({ namespace: 'users', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return `found ${id}`;
      }
    }
    @Injectable()
    class Sub extends Base {
      @Cacheable({ namespace: 'users', key: (id: string) => id })
      override async find(id: string): Promise<string> {
        return `${await super.find(id)}!`;
      }
    }
    const { app } = await boot({ providers: [Sub] });
    expect([await app.get(Sub).find('a'), await app.get(Sub).find('a')]).toEqual(['found a!', 'found a!']);
  });

  it('31. an abstract base with dependencies of its own', async () => {
    @Injectable()
    class Source {
      readonly name = 'source';
    }
    abstract class Loader {
      runs = 0;
      @Inject(Source) protected readonly source!: Source;
      @Cacheable()
      async load(id: string): Promise<string> {
        this.runs++;
        return this.read(id);
      }
      protected abstract read(id: string): Promise<string>;
    }
    @Injectable()
    class FileLoader extends Loader {
      @Inject('PREFIX') private readonly prefix!: string;
      protected async read(id: string): Promise<string> {
        return `${this.prefix} ${this.source.name} ${id}`;
      }
    }
    const { app } = await boot({ providers: [Source, FileLoader, { provide: 'PREFIX', useValue: 'file' }] });
    for (let round = 0; round < 2; round++) expect(await app.get(FileLoader).load('a')).toBe('file source a');
    expect(app.get(FileLoader).runs).toBe(1);
  });

  it('32. symbols for names, also two with the same description', async () => {
    const load = Symbol('load');
    const other = Symbol('load');
    @Injectable()
    class Source {
      runs = 0;
      @Cacheable()
      async [load](): Promise<string> {
        this.runs++;
        return 'symbol';
      }
      @Cacheable()
      async [other](): Promise<string> {
        this.runs++;
        return 'other symbol';
      }
      @Cacheable()
      async load(): Promise<string> {
        this.runs++;
        return 'name';
      }
    }
    const { app } = await boot({ providers: [Source] });
    const source = app.get(Source);
    for (let round = 0; round < 2; round++) {
      expect([await source[load](), await source[other](), await source.load()]).toEqual([
        'symbol',
        'other symbol',
        'name',
      ]);
    }
    expect(source.runs).toBe(3);
  });

  it('33. methods that use private members and this', async () => {
    @Injectable()
    class Secretive {
      #runs = 0;
      private readonly suffix = '!';
      get runs(): number {
        return this.#runs;
      }
      @Cacheable()
      async value(id: string): Promise<string> {
        this.#runs++;
        return this.#decorate(id);
      }
      #decorate(id: string): string {
        return id + this.suffix;
      }
    }
    const { app } = await boot({ providers: [Secretive] });
    for (let round = 0; round < 2; round++) expect(await app.get(Secretive).value('a')).toBe('a!');
    expect(app.get(Secretive).runs).toBe(1);
  });

  it('34. instances that are frozen or sealed', async () => {
    const runs: string[] = [];
    @Injectable()
    class Fixed {
      constructor() {
        Object.freeze(this);
      }
      @Cacheable()
      async value(id: string): Promise<string> {
        runs.push(id);
        return id;
      }
    }
    const { app } = await boot({
      providers: [Fixed, { provide: 'SEALED', useFactory: () => Object.seal(Object.create(Fixed.prototype)) as Fixed }],
    });
    for (const token of [Fixed, 'SEALED']) {
      await app.get<Fixed>(token).value(String(token));
      await app.get<Fixed>(token).value(String(token));
    }
    expect(runs).toHaveLength(2);
  });

  it('35. instances behind a proxy', async () => {
    @Injectable()
    class Source {
      runs = 0;
      @Cacheable()
      async value(): Promise<string> {
        this.runs++;
        return 'value';
      }
    }
    const logged: PropertyKey[] = [];
    const { app } = await boot({
      providers: [
        {
          provide: Source,
          useFactory: () =>
            new Proxy(new Source(), {
              get(target, key, receiver): unknown {
                logged.push(key);
                return Reflect.get(target, key, receiver);
              },
            }),
        },
        { provide: 'HOSTILE', useValue: new Proxy({}, { has: () => { throw new Error('do not look'); } }) }, // prettier-ignore
      ],
    });
    await app.get(Source).value();
    await app.get(Source).value();
    expect(app.get(Source).runs).toBe(1);
    expect(logged).toContain('value');
  });

  it('36. nothing is added to instances, and a method keeps its name, length and metadata', async () => {
    @Injectable()
    class Plain {
      field = 1;
      @Cacheable()
      @SetMetadata('below', 1)
      async method(_a: string, _b: number): Promise<number> {
        return 1;
      }
    }
    SetMetadata('above', 2)(
      Plain.prototype,
      'method',
      Object.getOwnPropertyDescriptor(Plain.prototype, 'method') as never,
    );
    const { app } = await boot({ providers: [Plain] });
    const plain = app.get(Plain);
    await plain.method('a', 1);
    expect(Reflect.ownKeys(plain)).toEqual(['field']);
    expect(Object.keys(Plain.prototype)).toEqual([]);
    expect([plain.method.name, plain.method.length]).toEqual(['method', 2]);
    expect([Reflect.getMetadata('below', plain.method), Reflect.getMetadata('above', plain.method)]).toEqual([1, 2]);
    expect(JSON.stringify(plain)).toBe('{"field":1}');
  });

  it('37. decorators that are stacked: ours twice, and ours with others', async () => {
    const calls: string[] = [];
    const traced =
      (mark: string) =>
      (_target: object, _key: string, descriptor: PropertyDescriptor): void => {
        const original = descriptor.value as (...args: unknown[]) => unknown;
        descriptor.value = function (this: unknown, ...args: unknown[]) {
          calls.push(mark);
          return original.apply(this, args);
        };
      };
    @Injectable()
    class Stacked {
      @Cacheable({ ttl: '1h' })
      @Cacheable({ ttl: '2h' })
      async twice(id: string): Promise<string> {
        calls.push('twice');
        return id;
      }
      @traced('above')
      @Cacheable()
      @traced('below')
      async traced(): Promise<string> {
        calls.push('traced');
        return 'x';
      }
      @CacheEvict({ namespace: 'lists', all: true })
      @Cacheable()
      async evicting(): Promise<string> {
        calls.push('evicting');
        return 'x';
      }
    }
    const { app, cache } = await boot({ providers: [Stacked] });
    const stacked = app.get(Stacked);
    const keys = new Set<string>();
    cache.on('set', ({ key }) => keys.add(key.split(':')[0] as string));
    expect([await stacked.twice('a'), await stacked.twice('a')]).toEqual(['a', 'a']);
    expect([...keys]).toEqual(['RootTestModule.Stacked.twice', 'RootTestModule.Stacked.twice~%2B1']);
    await stacked.traced();
    await stacked.traced();
    const invalidated: string[] = [];
    cache.on('invalidate', ({ target }) => invalidated.push(target));
    await stacked.evicting();
    await stacked.evicting();
    expect(calls).toEqual(['twice', 'above', 'below', 'traced', 'above', 'evicting']);
    expect(invalidated).toEqual(['namespace', 'namespace']);
  });
});
