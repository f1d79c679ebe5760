import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, SetMetadata } from '@nestjs/common';
import { defer, firstValueFrom, lastValueFrom, Observable, of, Subject, throwError, toArray, concat } from 'rxjs';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { InvalidatesContext } from '../../../src/nest/decorators/invalidates-context.decorator.js';
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
    expect([await stacked.twice('a'), await stacked.twice('a')]).toEqual(['a', 'a']);
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

describe('38. Observables', () => {
  @Injectable()
  class Streams {
    runs = 0;
    isFailing = false;
    @Cacheable()
    numbers(count: number): Observable<{ n: number }> {
      return defer(() => {
        this.runs++;
        return of(...Array.from({ length: count }, (_value, n) => ({ n })));
      });
    }
    @Cacheable()
    failing(): Observable<number> {
      this.runs++;
      return concat(
        of(1, 2),
        throwError(() => new RangeError('source')),
      );
    }
    @Cacheable()
    inferred(count: number) {
      this.runs++;
      return of(count, count);
    }
    @InvalidatesContext()
    append(_message: { taskId: string }) {
      return of('appended');
    }
    @CacheContext()
    build(request: { taskId: string; turn: number; user?: string }): Observable<{ messages: string[]; user?: string }> {
      this.runs++;
      return of({ ...request, messages: ['m'] });
    }
  }

  it('are collected and emitted again to each subscriber', async () => {
    const { app, cache } = await boot({ providers: [Streams] });
    const streams = app.get(Streams);
    const numbers = streams.numbers(3);
    expect(streams.runs).toBe(0);
    const first = await firstValueFrom(numbers.pipe(toArray()));
    const second = await firstValueFrom(numbers.pipe(toArray()));
    const third = await firstValueFrom(streams.numbers(3).pipe(toArray()));
    expect([first, second, third]).toEqual(Array(3).fill([{ n: 0 }, { n: 1 }, { n: 2 }]));
    expect(streams.runs).toBe(1);
    expect([cache.outcomeOf(first[0])?.status, cache.outcomeOf(third[2])?.status]).toEqual(['miss', 'hit']);
    expect(await firstValueFrom(streams.numbers(0).pipe(toArray()))).toEqual([]);
    expect(await firstValueFrom(streams.numbers(0).pipe(toArray()))).toEqual([]);
    expect(streams.runs).toBe(2);
  });

  it('emit what came before an error, and then the error, and are not stored', async () => {
    const { app } = await boot({ providers: [Streams] });
    for (let round = 0; round < 2; round++) {
      const seen: unknown[] = [];
      await lastValueFrom(app.get(Streams).failing()).catch((error: unknown) => seen.push(error));
      expect(seen[0]).toBeInstanceOf(RangeError);
      const emitted: number[] = [];
      await new Promise<void>((resolve) =>
        app
          .get(Streams)
          .failing()
          .subscribe({ next: (value) => emitted.push(value), error: () => resolve() }),
      );
      expect(emitted).toEqual([1, 2]);
    }
    expect(app.get(Streams).runs).toBe(4);
  });

  it('stay Observables where the compiler does not say so', async () => {
    const { app } = await boot({ providers: [Streams] });
    for (let round = 0; round < 3; round++) {
      const answer = app.get(Streams).inferred(7);
      expect(answer).toBeInstanceOf(Observable);
      expect(await firstValueFrom(answer.pipe(toArray()))).toEqual([7, 7]);
    }
    expect(app.get(Streams).runs).toBe(1);
  });

  it('invalidate from their first call on', async () => {
    const { app, cache } = await boot({ providers: [Streams] });
    const invalidated: string[] = [];
    cache.on('invalidate', ({ target }) => invalidated.push(target));
    expect(await firstValueFrom(app.get(Streams).append({ taskId: 'a' }))).toBe('appended');
    expect(invalidated).toEqual(['context', 'context']);
  });

  it('take the fields of a request from the present one', async () => {
    const { app } = await boot({ providers: [Streams] });
    await firstValueFrom(app.get(Streams).build({ taskId: 'a', turn: 1, user: 'alice' }));
    expect(await firstValueFrom(app.get(Streams).build({ taskId: 'a', turn: 1, user: 'bob' }))).toMatchObject({
      user: 'bob',
    });
    expect(app.get(Streams).runs).toBe(1);
  });
});

describe('39. methods of which the compiler does not say what they answer', () => {
  @Injectable()
  class Untyped {
    runs = 0;
    subject = new Subject<number>();
    @Cacheable()
    promised(id: string) {
      this.runs++;
      return id ? Promise.resolve(id) : Promise.reject(new RangeError('no id'));
    }
    @Cacheable()
    // The return type is wider than the decorator allows for, on purpose.
    sync(id: string): never {
      this.runs++;
      return id as never;
    }
    @Cacheable()
    live() {
      return this.subject;
    }
  }

  it('are cached from the first call on where they answer a promise', async () => {
    const { app } = await boot({ providers: [Untyped] });
    expect([await app.get(Untyped).promised('a'), await app.get(Untyped).promised('a')]).toEqual(['a', 'a']);
    expect(app.get(Untyped).runs).toBe(1);
    await expect(app.get(Untyped).promised('')).rejects.toThrow(RangeError);
  });

  it('are left alone where they answer at once, with one word about it', async () => {
    const { app, warnings } = await boot({ providers: [Untyped] });
    const answers: unknown[] = [app.get(Untyped).sync('a'), app.get(Untyped).sync('a')];
    expect(answers).toEqual(['a', 'a']);
    expect(app.get(Untyped).runs).toBe(2);
    expect(warnings.filter((message) => message.includes('Untyped.sync is not cached'))).toHaveLength(1);
  });

  it('are left alone where they answer a Subject, which is more than what it emits', async () => {
    const { app } = await boot({ providers: [Untyped] });
    expect(app.get(Untyped).live()).toBe(app.get(Untyped).subject);
    expect(app.get(Untyped).live()).toBe(app.get(Untyped).subject);
  });
});
