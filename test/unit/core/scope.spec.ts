import { describe, expect, it } from '@jest/globals';
import { CacheArgumentError } from '../../../src/core/errors.js';
import type { ScopeLevel, ScopeValues } from '../../../src/core/policy/scope.js';
import { createCacheKit, deferred, settle } from '../../support/cache-kit.js';

const ALICE: ScopeValues = { tenant: 'acme', principal: 'alice', session: 's1' };
const BOB: ScopeValues = { tenant: 'acme', principal: 'bob', session: 's2' };

describe('scope', () => {
  it.each([undefined, 'principal', 'session'] as (ScopeLevel | undefined)[])(
    'never gives one user the answer of another (level %s)',
    async (scope) => {
      const { cache, composed } = createCacheKit();
      const policy = scope ? { scope } : {};
      const whoAmI = (who: ScopeValues) =>
        composed.scope.run(who, () => cache.getOrLoad('tool:my_access', async () => who.principal, policy));
      expect([await whoAmI(ALICE), await whoAmI(BOB), await whoAmI(ALICE)]).toEqual(['alice', 'bob', 'alice']);
    },
  );

  it('keeps calls apart that are under way at the same time', async () => {
    const { cache, composed } = createCacheKit();
    const gate = deferred<void>();
    const whoAmI = (who: ScopeValues) =>
      composed.scope.run(who, () => cache.getOrLoad('tool:my_access', () => gate.promise.then(() => who.principal)));
    const both = [whoAmI(ALICE), whoAmI(BOB)];
    await settle();
    gate.resolve();
    expect(await Promise.all(both)).toEqual(['alice', 'bob']);
  });

  it.each(['tenant', 'public'] as const)('shares on purpose at level %s', async (scope) => {
    const { cache, composed } = createCacheKit();
    let loads = 0;
    const load = (who: ScopeValues) =>
      composed.scope.run(who, () => cache.getOrLoad('k:1', async () => ++loads, { scope }));
    expect([await load(ALICE), await load(BOB)]).toEqual([1, 1]);
    expect(await load({ ...BOB, tenant: 'other' })).toBe(scope === 'public' ? 1 : 2);
  });

  it('bypasses when a resolver is configured and knows nothing, or throws', async () => {
    for (const resolve of [
      () => undefined,
      () => ({ principal: '' }),
      () => {
        throw new Error('no request');
      },
    ]) {
      const { cache, store, events } = createCacheKit({ scope: { resolve } });
      let loads = 0;
      const load = () => cache.getOrLoad('k:1', async () => ++loads);
      expect([await load(), await load()]).toEqual([1, 2]);
      expect(store.calls).toEqual([]);
      expect(events.at(-1)).toEqual({ name: 'bypass', event: { category: 'k', reason: 'unknown-scope' } });
    }
  });

  it('bypasses when the level that is asked for is not known', async () => {
    const { cache, composed, store } = createCacheKit();
    await composed.scope.run({ tenant: 'acme' }, () => cache.getOrLoad('k:1', async () => 1, { scope: 'principal' }));
    expect(store.calls).toEqual([]);
  });

  it.each(['principal', 'workspace', 'session'] as const)(
    'keeps one %s apart in two tenants, by default and by level',
    async (level) => {
      const { cache, composed } = createCacheKit();
      const load = (tenant: string, policy: { scope?: ScopeLevel }) =>
        composed.scope.run({ tenant, [level]: 'same' }, () => cache.getOrLoad('k:1', async () => tenant, policy));
      for (const policy of [{ scope: level }, {}]) {
        expect([await load('acme', policy), await load('other', policy)]).toEqual(['acme', 'other']);
      }
    },
  );

  it.each([
    ['empty', ''],
    ['undefined', undefined],
    ['a lone surrogate', '\ud800'],
  ])('bypasses inside run() when an id is %s, and does not inherit it', async (_what, id) => {
    const { cache, composed, events, store } = createCacheKit();
    const { scope } = composed;
    let loads = 0;
    const load = (policy: { scope?: ScopeLevel } = {}) => cache.getOrLoad('k:1', async () => ++loads, policy);
    const asUnknown = <T>(fn: () => T): T => scope.run({ principal: id } as ScopeValues, fn);
    expect([await asUnknown(load), await scope.run(ALICE, () => asUnknown(load))]).toEqual([1, 2]);
    expect(await scope.run(ALICE, () => asUnknown(() => load({ scope: 'principal' })))).toBe(3);
    expect(store.calls).toEqual([]);
    expect(events.at(-1)).toEqual({ name: 'bypass', event: { category: 'k', reason: 'unknown-scope' } });
    await scope.run(ALICE, () => asUnknown(() => load({ scope: 'tenant' })));
    expect(await scope.run(BOB, () => load({ scope: 'tenant' }))).toBe(4);
  });

  it('bypasses inside run() when nothing is named, and shares outside of it', async () => {
    const { cache, composed } = createCacheKit();
    let loads = 0;
    const load = () => cache.getOrLoad('k:1', async () => ++loads);
    expect([await load(), await load(), await composed.scope.run({}, load)]).toEqual([1, 1, 2]);
  });

  it.each([
    ['a number', { principal: 1 }, /principal of a scope is of type number: .*String\(\)/],
    ['null', { tenant: null }, /tenant of a scope is null/],
    ['no object', 'alice', /the scope is string: expected \{ tenant/],
  ])('refuses %s in run() at once', (_what, values, message) => {
    const { scope } = createCacheKit().composed;
    const run = (): unknown => scope.run(values as never, () => 'ran');
    expect(run).toThrow(CacheArgumentError);
    expect(run).toThrow(message);
  });

  it.each([
    ['a number', () => ({ tenant: 'acme', principal: 1 })],
    ['null', () => ({ tenant: 'acme', principal: null })],
    ['undefined', () => ({ tenant: 'acme', principal: undefined })],
    ['a lone surrogate', () => ({ tenant: 'acme', principal: '\udfff!' })],
    ['a text in place of an object', () => 'acme'],
    ['a promise', async () => ({ tenant: 'acme' })],
    [
      'a getter that throws',
      () => ({
        get tenant(): string {
          throw new Error('no request');
        },
      }),
    ],
  ])('bypasses when a resolver answers %s', async (_what, resolve) => {
    const { cache, store } = createCacheKit({ scope: { resolve: resolve as () => ScopeValues } });
    let loads = 0;
    const load = () => cache.getOrLoad('k:1', async () => ++loads);
    expect([await load(), await load()]).toEqual([1, 2]);
    expect(store.calls).toEqual([]);
  });

  it('refuses a level that there is none of', async () => {
    const { cache } = createCacheKit();
    const load = cache.getOrLoad('k:1', async () => 1, { scope: 'constructor' as ScopeLevel });
    await expect(load).rejects.toBeInstanceOf(CacheArgumentError);
  });

  it('cannot be left by an id that looks like another scope', async () => {
    const { cache, composed } = createCacheKit();
    const load = (who: ScopeValues, value: string) =>
      composed.scope.run(who, () => cache.getOrLoad('k:1', async () => value));
    await load({ tenant: 'a', principal: 'b' }, 'real');
    expect(await load({ tenant: 'a@principal=b' }, 'forged')).toBe('forged');
    expect(await load({ tenant: 'a', principal: '*' }, 'glob')).toBe('glob');
    const literal = cache.getOrLoad('k:1:@tenant=a@principal=b', async () => 'literal');
    await expect(literal).rejects.toBeInstanceOf(CacheArgumentError);
  });

  it('takes its values from the resolver, and run() wins over it', async () => {
    let principal = 'alice';
    const { cache, composed } = createCacheKit({ scope: { resolve: () => ({ principal }) } });
    const load = (value: string) => cache.getOrLoad('k:1', async () => value);
    expect(await load('of alice')).toBe('of alice');
    principal = 'bob';
    expect(await load('of bob')).toBe('of bob');
    expect(await composed.scope.run({ principal: 'alice' }, () => load('unused'))).toBe('of alice');
  });

  it.each<[ScopeValues, ScopeLevel | undefined]>([
    [{ tenant: 'acme', principal: 'alice' }, 'principal'],
    [{ tenant: 'acme', workspace: 'w' }, 'workspace'],
    [{ tenant: 'acme', principal: 'alice', workspace: 'w', session: 's' }, undefined],
  ])('finds by exactly(%j) what was stored at the level %s, whatever the resolver knows', async (ids, scope) => {
    const { cache, composed } = createCacheKit({
      scope: { resolve: () => ({ tenant: 'operators', session: 'mine' }) },
    });
    const who = { tenant: 'acme', principal: 'alice', workspace: 'w', session: 's' };
    await composed.scope.run(who, () => cache.getOrLoad('k:1', async () => 'v', scope ? { scope } : {}));
    expect(await composed.scope.exactly(ids, () => cache.explain('k:1'))).toMatchObject({ status: 'hit' });
    expect(await composed.scope.exactly({ tenant: 'acme' }, () => cache.explain('k:1'))).toMatchObject({
      status: 'miss',
    });
    expect(await composed.scope.run(who, () => composed.scope.exactly({}, () => cache.explain('k:1')))).toMatchObject({
      status: 'bypass',
    });
    expect(() => composed.scope.exactly({ tenant: 1 } as never, () => 0)).toThrow(CacheArgumentError);
  });

  it('can be invalidated as a whole', async () => {
    const { cache, composed } = createCacheKit();
    const load = (who: ScopeValues, value: string) =>
      composed.scope.run(who, () => cache.getOrLoad('k:1', async () => value));
    await load(ALICE, 'a1');
    await load(BOB, 'b1');
    await cache.invalidate({ scope: { level: 'principal', id: 'alice' } });
    expect([await load(ALICE, 'a2'), await load(BOB, 'b2')]).toEqual(['a2', 'b1']);
  });
});
