import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CacheArgumentError, CacheKeyError } from '../../../src/core/errors.js';
import type { CachePolicy } from '../../../src/core/policy/cache-policy.js';
import type { CacheOptions } from '../../../src/core/policy/options.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import { PolicyResolver } from '../../../src/core/policy/resolve-policy.js';
import type { ScopeValues } from '../../../src/core/policy/scope.js';
import type { ValueCodec } from '../../../src/core/ports/codec.js';

function resolverOf(options: CacheOptions = {}, scope?: ScopeValues): PolicyResolver {
  return new PolicyResolver(resolveOptions(options), { mustKnow: scope !== undefined, current: () => scope });
}

/** Also with what the compiler would refuse. */
const policyOf = (policy: unknown): CachePolicy<never> => policy as CachePolicy<never>;

function storageKeyOf(vary: unknown, key = 'report:7', scope?: ScopeValues): string | undefined {
  return resolverOf({}, scope).addressesOf([key], policyOf({ vary }))?.[0]?.storageKey;
}

const addressOf = (policy: unknown) => resolverOf().addressesOf(['report:7'], policyOf(policy))?.[0];

describe('what a policy resolves to', () => {
  const DEFAULTS = {
    ttlMs: 3_600_000,
    graceMs: 0,
    softTimeoutMs: null,
    hardTimeoutMs: 30_000,
    eagerRefreshRatio: null,
    earlyExpiryBeta: null,
    jitterRatio: 0,
    negativeTtlMs: null,
  };

  it('is the default where the policy says nothing, or undefined', () => {
    const undefinedOnly = Object.fromEntries(
      [...Object.keys(DEFAULTS), 'ttl', 'signal'].map((name) => [name, undefined]),
    );
    expect(resolverOf().resolve({})).toEqual(DEFAULTS);
    expect(resolverOf().resolve(policyOf(undefinedOnly))).toEqual(DEFAULTS);
    expect(resolverOf().resolve({ namespace: 'n', tags: ['t'], memory: false })).toEqual(DEFAULTS);
    const options = { ttl: { default: '1m' }, grace: '2m' } as const;
    expect(resolverOf(options).resolve({})).toEqual({ ...DEFAULTS, ttlMs: 60_000, graceMs: 120_000 });
  });

  it('is in milliseconds, with all that the policy says', () => {
    const policy = {
      ttl: '10m',
      grace: '1h',
      softTimeout: '50ms',
      hardTimeout: '5s',
      eagerRefreshRatio: 0.8,
      earlyExpiryBeta: 1,
      jitterRatio: 0.1,
      negativeTtl: '30s',
    } as const;
    expect(resolverOf().resolve(policy)).toEqual({
      ttlMs: 600_000,
      graceMs: 3_600_000,
      softTimeoutMs: 50,
      hardTimeoutMs: 5_000,
      eagerRefreshRatio: 0.8,
      earlyExpiryBeta: 1,
      jitterRatio: 0.1,
      negativeTtlMs: 30_000,
    });
  });

  it.each<[CachePolicy, object]>([
    [{ ttl: '10m' }, { ttlMs: 600_000 }],
    [{ grace: '1h' }, { graceMs: 3_600_000 }],
    [{ softTimeout: '0s' }, { softTimeoutMs: 0 }],
    [{ hardTimeout: '1ms' }, { hardTimeoutMs: 1 }],
    [{ eagerRefreshRatio: 0.001 }, { eagerRefreshRatio: 0.001 }],
    [{ earlyExpiryBeta: 0.5 }, { earlyExpiryBeta: 0.5 }],
    [{ jitterRatio: 0 }, { jitterRatio: 0 }],
    [{ jitterRatio: 1 }, { jitterRatio: 1 }],
    [{ negativeTtl: '0s' }, { negativeTtlMs: 0 }],
  ])('of %j keeps the other defaults', (policy, resolved) => {
    expect(resolverOf().resolve(policy as CachePolicy<never>)).toEqual({ ...DEFAULTS, ...resolved });
  });

  it('cuts times to live, and nothing else, to the longest one', () => {
    const resolved = resolverOf({ ttl: { max: '1m' } }).resolve({ ttl: '1h', grace: '1h', negativeTtl: '1h' });
    expect(resolved).toMatchObject({ ttlMs: 60_000, negativeTtlMs: 60_000, graceMs: 3_600_000 });
  });

  it.each<[string, unknown, string]>([
    ['ttl', '0s', "ttl is '0s': expected a duration with a unit of at least 1 ms"],
    ['ttl', 60, 'ttl is 60: expected a duration'],
    ['ttl', null, 'ttl is object: expected a duration'],
    ['grace', '-1s', "grace is '-1s': expected a duration with a unit, such as '0s'"],
    ['softTimeout', 50, 'softTimeout is 50: expected a duration with a unit, such as'],
    ['softTimeout', null, 'softTimeout is object'],
    ['hardTimeout', '0s', "hardTimeout is '0s': expected a duration with a unit of at least 1 ms"],
    ['hardTimeout', 'soon', "hardTimeout is 'soon'"],
    ['negativeTtl', '', "negativeTtl is ''"],
    ['eagerRefreshRatio', 0, 'eagerRefreshRatio is 0: expected a number between 0 and 1'],
    ['eagerRefreshRatio', 1, 'eagerRefreshRatio is 1'],
    ['eagerRefreshRatio', '0.5', "eagerRefreshRatio is '0.5'"],
    ['eagerRefreshRatio', null, 'eagerRefreshRatio is object'],
    ['earlyExpiryBeta', 0, 'earlyExpiryBeta is 0: expected a finite number greater than 0'],
    ['earlyExpiryBeta', Infinity, 'earlyExpiryBeta is Infinity'],
    ['earlyExpiryBeta', NaN, 'earlyExpiryBeta is NaN'],
    ['jitterRatio', -0.1, 'jitterRatio is -0.1: expected a number from 0 to 1'],
    ['jitterRatio', 1.1, 'jitterRatio is 1.1'],
    ['jitterRatio', NaN, 'jitterRatio is NaN'],
    ['signal', {}, 'signal is object: expected an AbortSignal'],
    ['signal', null, 'signal is object: expected an AbortSignal'],
    ['signal', new AbortController(), 'signal is object: expected an AbortSignal'],
  ])('refuses the %s %p, also when it is asked again', (name, value, message) => {
    const resolver = resolverOf();
    for (let time = 0; time < 2; time++) {
      const resolve = () => resolver.resolve(policyOf({ [name]: value }));
      expect(resolve).toThrow(CacheArgumentError);
      expect(resolve).toThrow(message);
    }
  });

  it('takes a signal', () => {
    expect(resolverOf().resolve({ signal: AbortSignal.abort() })).toEqual(DEFAULTS);
  });

  it('is right for more texts than are remembered', () => {
    const resolver = resolverOf();
    for (let ms = 1; ms <= 2_500; ms++) expect(resolver.resolve({ ttl: `${ms}ms` }).ttlMs).toBe(ms);
    for (let ms = 1; ms <= 2_500; ms++) expect(resolver.resolve({ ttl: `${ms}ms` }).ttlMs).toBe(ms);
  });

  it('is the lifetime alone for callers that ask for no more', () => {
    expect(resolverOf().lifetimeOf({ ttl: '1m', grace: '2m' })).toEqual({ ttlMs: 60_000, graceMs: 120_000 });
    expect(resolverOf().lifetimeOf({ ttl: '1m' }, 5)).toEqual({ ttlMs: 60_000, graceMs: 5 });
    expect(resolverOf({ grace: '1s' }).lifetimeOf({})).toEqual({ ttlMs: 3_600_000, graceMs: 1_000 });
  });
});

describe('the address of an entry', () => {
  it('holds its codec, and whether this process may keep it', () => {
    const codec: ValueCodec = {
      encode: () => ({ ok: false, reason: 'it is a test' }),
      decode: () => ({ ok: false, reason: 'it is a test' }),
      copy: (value) => value,
    };
    expect(addressOf({})).toMatchObject({ codec: undefined, isHeld: true });
    expect(addressOf({ codec, memory: false })).toMatchObject({ codec, isHeld: false });
    expect(addressOf({ memory: true })).toMatchObject({ isHeld: true });
  });

  it.each<[unknown, string]>([
    [{ memory: 'no' }, "memory is 'no': expected true or false"],
    [{ memory: null }, 'memory is object'],
    [{ codec: null }, 'codec is object: expected a codec with the methods encode, decode and copy'],
    [{ codec: { encode: () => 1, decode: () => 1 } }, 'codec is object'],
    [{ codec: 'json' }, "codec is 'json'"],
    [{ tags: 'abc' }, 'tags is of type string: expected an array of texts'],
    [{ tags: [5] }, 'a segment of a key is number'],
    [{ dependsOn: 'abc' }, 'dependsOn is of type string: expected an array of resources'],
    [{ dependsOn: [null] }, 'the type of a resource is of type undefined'],
    [{ dependsOn: ['file'] }, 'the type of a resource is of type undefined'],
  ])('is none for %j', (policy, message) => {
    expect(() => addressOf(policy)).toThrow(CacheArgumentError);
    expect(() => addressOf(policy)).toThrow(message);
  });

  it('has the groups of all that the policy names, each once and in order', () => {
    const policy = {
      namespace: 'a b',
      tags: ['x', 'y:z', 'x'],
      context: 'task 1',
      dependsOn: [
        { type: 'file', id: '/a' },
        { type: 'file', id: '/a' },
      ],
    };
    const scope = { tenant: 'acme' };
    const [address] = resolverOf({}, scope).addressesOf(['report:7'], policy) ?? [];
    expect(address?.groups).toEqual([
      'ns:a%20b',
      'tag:x',
      'tag:y%3Az',
      'context:task%201',
      'at:%2Fa',
      'whole:%2F',
      'resource:%2A:%2A',
      'resources:tenant:acme',
      'scope:tenant:acme',
    ]);
  });

  it('has every tag once, however many there are', () => {
    const tags = Array.from({ length: 100 }, (_, index) => `t${index % 50}`);
    expect(addressOf({ tags })?.groups).toHaveLength(51);
  });

  it('is right for more tags than are remembered, and for very long ones', () => {
    const resolver = resolverOf();
    const groupsFor = (tag: string) => resolver.groupsForTags([tag]);
    for (let count = 0; count < 5_000; count++) expect(groupsFor(`t ${count}`)).toEqual([`tag:t%20${count}`]);
    expect(groupsFor('t 0')).toEqual(['tag:t%200']);
    const [one, other] = [groupsFor('x'.repeat(500)), groupsFor('x'.repeat(501))];
    expect(one).not.toEqual(other);
    expect(groupsFor('x'.repeat(500))).toEqual(one);
  });

  it('has the namespace that the key begins with, however it is written', () => {
    const categories = ['plain', 'users:1', 'a%20b:1', '%zz:1', ':1'].map(
      (key) => resolverOf().addressesOf([key], {})?.[0]?.category,
    );
    expect(categories).toEqual(['default', 'users', 'a b', '%zz', 'default']);
  });

  it('of several keys is that of each alone', () => {
    const resolver = resolverOf();
    const policy = { tags: ['t'], vary: 'v' };
    const alone = ['a:1', 'b:1'].flatMap((key) => resolver.addressesOf([key], policy) ?? []);
    expect(resolver.addressesOf(['a:1', 'b:1'], policy)).toEqual(alone);
  });
});

describe('variants', () => {
  it('are entries of their own, each with a part of the key that can be read', () => {
    expect(storageKeyOf(undefined)).toBe('agent-cache:report:7');
    expect(storageKeyOf('de')).toBe('agent-cache:report:7:@vary=de');
    expect(storageKeyOf(5)).toBe('agent-cache:report:7:@vary=5');
    expect(storageKeyOf({ b: 1, a: 2 })).toMatch(/^agent-cache:report:7:@vary=#[0-9a-f]{64}$/);
    expect(storageKeyOf({ b: 1, a: 2 })).toBe(storageKeyOf({ a: 2, b: 1 }));
  });

  it('stand before the scope', () => {
    expect(storageKeyOf('de', 'report:7', { tenant: 'acme' })).toBe('agent-cache:report:7:@vary=de:@tenant=acme');
  });

  it('never share an entry, with each other, with other keys or with other scopes', () => {
    const vary = fc.oneof(
      fc.constantFrom('', '5', 'null', ':@tenant=a', '~5', '#'),
      fc.jsonValue(),
      fc.constant(undefined),
    );
    const parts = fc.tuple(fc.constantFrom('k:1', 'k:1:2', 'k'), vary, fc.constantFrom('a', 'b', 'vary=5'));
    const formOf = ([key, value, tenant]: [string, unknown, string]): string =>
      `${key} ${tenant} ${value === undefined ? 'none' : canonical(value)}`;
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const [left, right] = [one, other].map(([key, value, tenant]) => storageKeyOf(value, key, { tenant }));
        expect(left === right).toBe(formOf(one) === formOf(other));
      }),
      { numRuns: 2_000 },
    );
  });

  it('cannot be made of what no key can be made of', () => {
    const vary = { user: { greet: () => 'hi' } };
    expect(() => storageKeyOf(vary)).toThrow(CacheKeyError);
    expect(() => storageKeyOf(vary)).toThrow('vary.user.greet is a function');
  });
});

/** JSON with sorted properties. */
function canonical(value: unknown): string {
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical((value as Record<string, unknown>)[name])}`).join()}}`;
}
