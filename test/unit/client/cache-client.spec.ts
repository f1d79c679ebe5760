import { describe, expect, it } from '@jest/globals';
import { CacheClient } from '../../../src/core/cache-client.js';
import { CacheArgumentError } from '../../../src/core/errors.js';
import type { UnavailableReason } from '../../../src/core/ports/store.js';
import { closedStore } from '../../../src/tiers/closed-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { MemoryStore } from '../../../src/tiers/memory/memory-store.js';
import { clientOn, EventRecorder } from '../../support/redis-kit.js';
import { ScriptedStore } from '../../support/scripted-store.js';

const HOUR = 3_600_000;

function createClient({ enabled = true, defaultTtlMs = HOUR, maxTtlMs = 24 * HOUR } = {}) {
  const clock = new FakeClock();
  const store = new ScriptedStore(new MemoryStore({ maxBytes: 1_000_000, clock }));
  const events = new EventRecorder();
  const counts = () => ({ hits: 7, misses: 3 });
  const parts = { store, clock, events, enabled, prefix: 'app', defaultTtlMs, maxTtlMs, counts };
  return { client: new CacheClient(parts), store, clock, events };
}

describe('a client', () => {
  it('gives a write without a time to live the default one', async () => {
    const { client, clock } = createClient({ defaultTtlMs: 1_000 });
    await client.set('k', 'v');
    await clock.advance(999);
    expect(await client.get('k')).toBe('v');
    await clock.advance(1);
    expect(await client.get('k')).toBeNull();
  });

  it('cuts a time to live to the longest one, the default included', async () => {
    const { client, clock } = createClient({ defaultTtlMs: 5_000, maxTtlMs: 1_000 });
    await client.set('default', 'v');
    await client.set('long', 'v', '7d');
    await clock.advance(1_000);
    expect(await client.getMany(['default', 'long'])).toEqual([null, null]);
  });

  it('asks the store once for many keys', async () => {
    const { client, store } = createClient();
    await client.setMany([
      ['a', '1'],
      ['b', '2'],
    ]);
    await client.getMany(['a', 'b']);
    expect(store.calls).toEqual([
      { operation: 'setMany', keys: ['app:a', 'app:b'] },
      { operation: 'getMany', keys: ['app:a', 'app:b'] },
    ]);
  });

  it('says that a value was not stored that is too large to be kept', async () => {
    const clock = new FakeClock();
    const events = new EventRecorder();
    const client = clientOn(new MemoryStore({ maxBytes: 5_000, clock }), events);
    const large = 'x'.repeat(5_000);
    expect(await client.set('k', large)).toBe(false);
    expect(await client.setMany([['a', '1'], ['k', large]])).toBe(false); // prettier-ignore
    expect(await client.setIfAbsent('k', large)).toBe(false);
    expect(events.of('set')).toEqual([]);
  });

  it('stores the bytes that it was given, whatever becomes of them while they are on their way', async () => {
    const { client, store } = createClient();
    const release = store.hold('set');
    const bytes = Buffer.from('hello');
    const setting = client.setBytes('k', bytes);
    bytes.fill('!');
    release();
    expect(await setting).toBe(true);
    expect(String(await client.getBytes('k'))).toBe('hello');
  });

  it('escapes its prefix in patterns, and nothing else', async () => {
    const { client, store } = createClient();
    await client.invalidatePattern('user:*');
    expect(store.calls).toEqual([{ operation: 'deleteMatching', keys: ['app:user:*'] }]);
  });

  const reasons: UnavailableReason[] = [
    'disconnected',
    'timeout',
    'breaker-open',
    'shed',
    'connection-lost',
    'rejected',
    'closed',
  ];
  it.each(reasons)('finds and writes nothing when the store answers %s, and reports why', async (reason) => {
    const { client, store, events } = createClient();
    store.fail(reason);
    expect(await client.get('k')).toBeNull();
    expect(await client.getJson('k')).toBeNull();
    expect(await client.getBytes('k')).toBeNull();
    expect(await client.getMany(['k'])).toEqual([null]);
    expect(events.of('miss')).toHaveLength(4);
    expect(events.of('miss').every((miss) => miss.reason === reason)).toBe(true);
    expect(await client.set('k', 'v')).toBe(false);
    expect(await client.setJson('k', 1)).toBe(false);
    expect(await client.setBytes('k', Buffer.of(1))).toBe(false);
    expect(await client.setMany([['k', 'v']])).toBe(false);
    expect(await client.setIfAbsent('k', 'v')).toBe(false);
    expect(await client.delete('k')).toBe(false);
    expect(await client.deleteMany(['k'])).toBe(0);
    expect(await client.increment('k')).toBeNull();
    const operations = ['get', 'getJson', 'getBytes', 'getMany', 'set', 'setJson', 'setBytes', 'setMany'];
    expect(events.of('error')).toEqual(
      [...operations, 'setIfAbsent', 'delete', 'deleteMany', 'increment'].map((operation) => ({
        category: 'client',
        operation,
        reason,
      })),
    );
    expect(events.of('set')).toEqual([]);
  });

  it('says that a pattern was not invalidated for certain', async () => {
    const { client, store, events } = createClient();
    store.fail('timeout');
    expect(await client.invalidatePattern('*')).toBe(0);
    expect(events.of('invalidate')).toEqual([{ target: 'pattern', acknowledged: false }]);
  });

  it('adds the counts of the cache to the health of the store', async () => {
    const { client } = createClient();
    expect(await client.healthCheck()).toMatchObject({ enabled: true, connected: true, hits: 7, misses: 3 });
  });

  it('tells of a store that is closed', async () => {
    const { client: open } = createClient();
    const { clock, events } = createClient();
    const counts = () => ({ hits: 0, misses: 0 });
    const limits = { defaultTtlMs: 1, maxTtlMs: 1, prefix: 'app' };
    const client = new CacheClient({ store: closedStore(), clock, events, enabled: true, counts, ...limits });
    expect(await client.get('k')).toBeNull();
    expect(await client.set('k', 'v')).toBe(false);
    expect(await client.invalidatePattern('*')).toBe(0);
    expect(Object.keys(await client.healthCheck())).toEqual(Object.keys(await open.healthCheck()));
    await client.close();
  });
});

describe('a disabled client', () => {
  it('asks the store nothing and finds nothing', async () => {
    const { client, store, events } = createClient({ enabled: false });
    expect(await client.get('k')).toBeNull();
    expect(await client.getMany(['a', 'b'])).toEqual([null, null]);
    expect(await client.set('k', 'v')).toBe(false);
    expect(await client.setMany([['k', 'v']])).toBe(false);
    expect(await client.delete('k')).toBe(false);
    expect(await client.deleteMany(['k'])).toBe(0);
    expect(await client.increment('k')).toBeNull();
    expect(await client.setIfAbsent('k', 'v')).toBe(false);
    expect(await client.invalidatePattern('*')).toBe(0);
    expect(store.calls).toEqual([]);
    expect(events.all.map(({ name }) => name)).toEqual(new Array(9).fill('bypass'));
    expect(events.of('bypass')[0]).toEqual({ category: 'client', reason: 'disabled' });
  });

  it('says so in its health', async () => {
    const { client } = createClient({ enabled: false });
    expect(await client.healthCheck()).toMatchObject({
      enabled: false,
      connected: false,
      message: 'The cache is disabled.',
      mode: 'memory',
      latencyMs: null,
    });
  });

  it('still refuses wrong arguments', () => {
    const { client } = createClient({ enabled: false });
    expect(() => client.get('')).toThrow(CacheArgumentError);
  });
});

describe('a wrong argument', () => {
  const wrong: [method: string, args: unknown[], message: RegExp][] = [
    ['get', [''], /key is empty/],
    ['get', [5], /key is number/],
    ['get', [undefined], /key is undefined/],
    ['get', ['~tokens'], /key is reserved.*'~'/],
    ['get', ['\ud800'], /surrogates/],
    ['getJson', [null], /key is null/],
    ['getBytes', [['k']], /key is an array/],
    ['getMany', ['k'], /keys is string/],
    ['getMany', [['k', '']], /key is empty/],
    ['getMany', [new Array(2)], /key is undefined/],
    ['deleteMany', [new Array(1)], /key is undefined/],
    ['setMany', [new Array(1)], /an entry is undefined/],
    ['set', ['k', 5], /value is number.*setJson/],
    ['set', ['', 'v'], /key is empty/],
    ['set', ['k', 'v', 60], /ttl is 60.*unit/],
    ['set', ['k', 'v', '60'], /ttl is '60'/],
    ['set', ['k', 'v', '0s'], /ttl is '0s'/],
    ['set', ['k', 'v', null], /ttl is object/],
    ['setJson', ['k', 1, '-1s'], /ttl/],
    ['setBytes', ['k', 'v'], /value is string.*Buffer/],
    ['setBytes', ['k', [1, 2]], /value is an array/],
    ['setMany', [{ k: 'v' }], /entries is object/],
    ['setMany', [['k']], /an entry is string/],
    ['setMany', [[['k']]], /value is undefined/],
    ['setMany', [[['k', 'v']], 'soon'], /ttl is 'soon'/],
    ['setIfAbsent', ['k', null], /value is null/],
    ['delete', [''], /key is empty/],
    ['deleteMany', [['a', '~b']], /key is reserved/],
    ['increment', ['n', 1.5], /by is 1.5/],
    ['increment', ['n', NaN], /by is NaN/],
    ['increment', ['n', 2 ** 53], /by is 9007199254740992/],
    ['increment', ['n', '1'], /by is string/],
    ['increment', ['n', 1, 'Infinitys'], /ttl/],
    ['invalidatePattern', [''], /pattern is empty/],
    ['invalidatePattern', [undefined], /pattern is undefined/],
    ['invalidatePattern', ['user:\udfff:*'], /pattern is no valid Unicode/],
  ];

  it.each(wrong)('of %s(%j) throws at once', (method, args, message) => {
    const { client, events, store } = createClient();
    const call = () => (client as unknown as Record<string, (...args: unknown[]) => unknown>)[method]?.(...args);
    expect(call).toThrow(CacheArgumentError);
    expect(call).toThrow(message);
    expect(events.all).toEqual([]);
    expect(store.calls).toEqual([]);
  });

  it.each(wrong)('of %s(%j) is caught around an await', async (method, args) => {
    const { client } = createClient();
    const call = async () => {
      await (client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]?.(...args);
    };
    await expect(call()).rejects.toBeInstanceOf(CacheArgumentError);
  });

  it('never shows up in the message with its content', () => {
    const { client } = createClient();
    expect(() => client.get('~secret-token')).toThrow(expect.not.objectContaining({ message: /secret/ }));
  });
});
