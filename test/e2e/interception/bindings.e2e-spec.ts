import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Scope } from '@nestjs/common';
import { defer, firstValueFrom, type Observable, of } from 'rxjs';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CacheEmbeddings } from '../../../src/nest/decorators/cache-embeddings.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { bindCache } from '../../../src/nest/interception/bindings.js';
import { boot, bootWithout, closeAll } from './boot.js';

// Classes that nobody may touch.
@Injectable()
class ThirdParty {
  runs = 0;
  async search(query: string): Promise<string> {
    this.runs++;
    return query;
  }
  count(limit: number): Observable<number> {
    return defer(() => of(limit + this.runs++));
  }
  arrow = async (query: string): Promise<string> => {
    this.runs++;
    return query;
  };
  async embed(texts: string[]): Promise<number[][]> {
    this.runs++;
    return texts.map((text) => [text.length]);
  }
  sync(): number {
    return 1;
  }
}
@Injectable()
class SubOfThirdParty extends ThirdParty {}
@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  static runs = 0;
  async search(query: string): Promise<string> {
    PerRequest.runs++;
    return query;
  }
}
interface Sdk {
  complete(prompt: string): Promise<string>;
  readonly version: string;
}

afterEach(closeAll);

describe('bindCache', () => {
  it('caches methods of a class that has no decorators', async () => {
    const bindings = [
      bindCache(ThirdParty, {
        search: Cacheable.policy({ ttl: '1m', key: (query: string) => query }),
        arrow: Cacheable.policy(),
        count: Cacheable.policy(),
      }),
    ];
    const { app, cache } = await boot({ providers: [ThirdParty] }, { bindings });
    const service = app.get(ThirdParty);
    expect([await service.search('a'), await service.search('a'), service.runs]).toEqual(['a', 'a', 1]);
    expect([await service.arrow('b'), await service.arrow('b'), service.runs]).toEqual(['b', 'b', 2]);
    // Its first call shows that it answers an Observable.
    expect(await firstValueFrom(service.count(1))).toBe(3);
    expect([await firstValueFrom(service.count(1)), await firstValueFrom(service.count(1)), service.runs]).toEqual([
      4, 4, 4,
    ]);
    expect((await cache.explain('RootTestModule.ThirdParty.arrow:#0')).status).toBe('miss');
  });

  it('leaves other apps alone, and this one once it is closed', async () => {
    const bindings = [bindCache(ThirdParty, { search: Cacheable.policy(), arrow: Cacheable.policy() })];
    const bound = await boot({ providers: [ThirdParty] }, { bindings });
    const unbound = await boot({ providers: [ThirdParty] });
    const without = await bootWithout({ providers: [ThirdParty] });
    for (const { app } of [unbound, without]) {
      const service = app.get(ThirdParty);
      for (let round = 0; round < 2; round++) await service.search('a');
      for (let round = 0; round < 2; round++) await service.arrow('a');
      expect(service.runs).toBe(4);
    }
    const service = bound.app.get(ThirdParty);
    const arrow = service.arrow;
    await service.search('a');
    await service.arrow('a');
    await bound.app.close();
    await service.search('a');
    await service.arrow('a');
    expect(service.runs).toBe(4);
    expect(service.arrow).not.toBe(arrow);
  });

  it('binds requests, subclasses and factories', async () => {
    const bindings = [
      bindCache(ThirdParty, { search: Cacheable.policy(), arrow: Cacheable.policy() }),
      bindCache(PerRequest, { search: Cacheable.policy({ namespace: 'searches' }) }),
    ];
    const { app } = await boot(
      { providers: [PerRequest, SubOfThirdParty, { provide: 'MADE', useFactory: () => new ThirdParty() }] },
      { bindings },
    );
    for (const token of [SubOfThirdParty, 'MADE']) {
      const service = app.get<ThirdParty>(token);
      for (let round = 0; round < 2; round++) await service.search('a');
      for (let round = 0; round < 2; round++) await service.arrow('a');
      expect(service.runs).toBe(2);
    }
    PerRequest.runs = 0;
    for (let round = 0; round < 2; round++) await (await app.resolve(PerRequest)).search('a');
    expect(PerRequest.runs).toBe(1);
  });

  it('binds the object that a token provides, and undoes it when the app is closed', async () => {
    let runs = 0;
    const sdk: Sdk = { complete: async (prompt) => `${prompt} ${++runs}`, version: '1' };
    const original = sdk.complete;
    const token = Symbol('SDK');
    const bindings = [bindCache<Sdk>(token, { complete: Cacheable.policy({ key: (prompt: string) => prompt }) })];
    const { app } = await boot({ providers: [{ provide: token, useValue: sdk }] }, { bindings });
    expect([await app.get<Sdk>(token).complete('a'), await app.get<Sdk>(token).complete('a')]).toEqual(['a 1', 'a 1']);
    await app.close();
    expect(sdk.complete).toBe(original);
  });

  it('binds an instance once, however many tokens it has, and by the token of an alias', async () => {
    const bindings = [
      bindCache(ThirdParty, { arrow: Cacheable.policy() }),
      bindCache('ALIAS', { search: Cacheable.policy() }),
    ];
    const providers = [
      ThirdParty,
      { provide: 'ALIAS', useExisting: ThirdParty },
      { provide: 'AGAIN', inject: [ThirdParty], useFactory: (service: ThirdParty) => service },
    ];
    const { app, cache } = await boot({ providers }, { bindings });
    const service = app.get(ThirdParty);
    let reads = 0;
    cache.on('hit', () => reads++).on('miss', () => reads++);
    expect([await service.arrow('a'), await service.arrow('a'), service.runs, reads]).toEqual(['a', 'a', 1, 2]);
    expect([await service.search('a'), await service.search('a'), service.runs]).toEqual(['a', 'a', 2]);
  });

  it('binds methods that the class of a token holds', async () => {
    const bindings = [bindCache('CLIENT', { search: Cacheable.policy() })];
    const { app } = await boot(
      { providers: [{ provide: 'CLIENT', useFactory: () => new ThirdParty() }, ThirdParty] },
      { bindings },
    );
    for (const token of ['CLIENT', ThirdParty]) {
      for (let round = 0; round < 2; round++) await app.get<ThirdParty>(token).search('a');
    }
    expect([app.get<ThirdParty>('CLIENT').runs, app.get(ThirdParty).runs]).toEqual([1, 2]);
  });

  it('says so where an object cannot be changed', async () => {
    const sdk = Object.freeze({ complete: async (prompt: string) => prompt });
    const bindings = [bindCache('SDK', { complete: Cacheable.policy() })];
    const { app, warnings } = await boot({ providers: [{ provide: 'SDK', useValue: sdk }] }, { bindings });
    expect(await app.get<typeof sdk>('SDK').complete('a')).toBe('a');
    expect(warnings).toEqual(['Object.complete cannot be cached: its object is frozen or sealed']);
  });

  it('says so where it names a method or a token that is not there, and what there is', async () => {
    const misspelled = { serch: Cacheable.policy(), search: Cacheable.policy() };
    const bindings = [
      bindCache(ThirdParty, misspelled as never),
      bindCache('SDK', { compleet: Cacheable.policy() }),
      bindCache('ABSENT', { complete: Cacheable.policy() }),
      bindCache(PerRequest, { search: Cacheable.policy() }),
      bindCache(SubOfThirdParty, { arrow: Cacheable.policy() }),
    ];
    const sdk = { complete: async (prompt: string) => prompt };
    const { warnings } = await boot(
      { providers: [ThirdParty, SubOfThirdParty, PerRequest, { provide: 'SDK', useValue: sdk }] },
      { bindings },
    );
    expect(warnings).toEqual([
      expect.stringMatching(/^bindCache\(ThirdParty\): there is no method 'serch' .*'search'/),
      "bindCache('SDK'): there is no method 'compleet' to be cached; there are 'complete'",
      "bindCache('ABSENT'): no provider has this token when the app starts, so nothing is cached by it",
    ]);
  });

  it('goes on top of a decorator of the class', async () => {
    class Decorated {
      runs = 0;
      @CacheEvict({ namespace: 'lists', all: true })
      async change(id: string): Promise<string> {
        this.runs++;
        return id;
      }
    }
    const { app, cache } = await boot(
      { providers: [Decorated] },
      { bindings: [bindCache(Decorated, { change: Cacheable.policy() })] },
    );
    let evictions = 0;
    cache.on('invalidate', () => evictions++);
    await app.get(Decorated).change('a');
    await app.get(Decorated).change('a');
    expect([app.get(Decorated).runs, evictions]).toEqual([1, 1]);
  });

  it('stands beside the factory of asynchronous options', async () => {
    const bindings = [bindCache(ThirdParty, { embed: CacheEmbeddings.policy({ model: 'm' }) })];
    const { app } = await bootWithout({
      imports: [CacheModule.forRootAsync({ useFactory: async () => ({}), bindings })],
      providers: [ThirdParty],
    });
    await app.get(ThirdParty).embed(['a']);
    expect(await app.get(ThirdParty).embed(['a'])).toEqual([[1]]);
    expect(app.get(ThirdParty).runs).toBe(1);
  });

  it('refuses at once what cannot be cached', () => {
    class WithGetter {
      get value(): number {
        return 1;
      }
      *generate(): Generator<number> {
        yield 1;
      }
    }
    for (const method of ['value', 'generate']) {
      const binding = { target: WithGetter, methods: { [method]: Cacheable.policy() } };
      expect(() => CacheModule.forRoot({ bindings: [binding] })).toThrow(TypeError);
    }
    expect(() => Cacheable.policy({ ttl: '5 minutes' as never })).toThrow("@Cacheable option 'ttl' is '5 minutes'");
  });

  it('refuses names and functions that do not fit (types)', () => {
    const refused = [
      // @ts-expect-error a method that answers at once cannot be cached
      bindCache(ThirdParty, { sync: Cacheable.policy() }),
      // @ts-expect-error there is no such method
      bindCache(ThirdParty, { serch: Cacheable.policy() }),
      // @ts-expect-error the method takes a text, the function a number
      bindCache(ThirdParty, { search: Cacheable.policy({ key: (id: number) => id }) }),
      // @ts-expect-error it is no method
      bindCache<Sdk>('SDK', { version: Cacheable.policy() }),
    ];
    expect(refused).toHaveLength(4);
  });
});
