import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';
import { EverythingApp, MARKERS } from './everything-app.js';

const keyNamed = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const OLD = keyNamed('old');
const NEW = keyNamed('new');
const OTHER = keyNamed('other');

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** All keys but those that begin with `~`. */
async function entryKeys(prefix: string): Promise<string[]> {
  const keys = await redis.keys(`${prefix}:*`);
  return keys.filter((key) => !key.startsWith(`${prefix}:~`)).sort();
}

/** How a text may be found in bytes: as it is, in UTF-16, and written in hex or base64, wherever in it. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].flatMap((shift) => {
    const written = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Characters at the edges depend on what stands beside them.
    const certain = written.slice(shift === 0 ? 0 : shift + 1, (bytes.length + shift) % 3 === 0 ? undefined : -1);
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const hex = bytes.toString('hex');
  return [text, Buffer.from(text, 'utf16le').toString('latin1'), hex, hex.toUpperCase(), ...base64];
}

const isFoundIn = (bytes: string, text: string): boolean => formsOf(text).some((form) => bytes.includes(form));

/** What of all the marked texts and of the digests can be found in Redis, or was sent to it. */
async function foundAfterUse(encryption: {
  keys: string[];
}): Promise<{ found: string[]; missed: string[]; hits: number }> {
  await redis.flushall();
  const proxy = await FaultProxy.start(server.port);
  const sent = proxy.record();
  const app = await EverythingApp.start({ redis: { url: proxy.url, timeout: '2s' }, encryption });
  const hits = await app.useAll();
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map((key) => redis.getBuffer(key)));
  const { digests } = app;
  await app.close();
  await proxy.stop();
  const all = [sent(), ...keys.map((key) => Buffer.from(key)), ...values.map((value) => value ?? Buffer.alloc(0))];
  const bytes = Buffer.concat(all).toString('latin1');
  const texts = [...Object.entries(MARKERS), ...digests.map((digest, n) => [`digest ${n + 1}`, digest] as const)];
  const isFound = ([, text]: readonly [string, string]): boolean => isFoundIn(bytes, text);
  return {
    found: texts.filter(isFound).map(([name]) => name),
    missed: texts.filter((text) => !isFound(text)).map(([name]) => name),
    hits,
  };
}

describe('what a cache with encryption shows in Redis', () => {
  it('is no value, no parameter and no id, as text, in hex or in base64, nor a digest of parameters', async () => {
    const { found, hits } = await foundAfterUse({ keys: [NEW, OLD] });
    expect(hits).toBeGreaterThan(20);
    expect(found).toEqual([]);
  }, 20_000);

  it('would be caught: without encryption all of it is found that is not digested anyway', async () => {
    const { missed, hits } = await foundAfterUse({ keys: [] });
    expect(hits).toBeGreaterThan(20);
    // What a tool changed is known by its groups; what was said only in a parameter is never stored.
    expect(missed).toEqual(['appended']);
  }, 20_000);

  it('is found by the search in each of the forms it looks for', () => {
    for (const around of ['', 'x', 'xy', 'xyz']) {
      const bytes = Buffer.from(`${around}MRKtask1x7Qw${around}`);
      for (const form of ['latin1', 'hex', 'base64', 'base64url', 'utf16le'] as const) {
        const written =
          form === 'utf16le' ? Buffer.from(bytes.toString(), 'utf16le').toString('latin1') : bytes.toString(form);
        expect(isFoundIn(written, 'MRKtask1x7Qw')).toBe(true);
      }
    }
    expect(isFoundIn('nothing of it', 'MRKtask1x7Qw')).toBe(false);
  });
});

describe('caches that share a Redis', () => {
  const open: AgentCache[] = [];
  let tenant = 'acme';
  const cacheWith = async (keys: string[], prefix = 'rotation'): Promise<AgentCache> => {
    const cache = createAgentCache({
      prefix,
      redis: { url: server.url, timeout: '2s' },
      encryption: { keys },
      scope: { resolve: () => ({ tenant }) },
    });
    open.push(cache);
    await until(async () => (await cache.set('warm:up', 1)) && (await cache.get('warm:up')) === 1);
    return cache;
  };
  let loads = 0;
  const policy = { tags: ['prices'] };
  const load = async (): Promise<string> => `loaded ${++loads}`;
  const ask = (cache: AgentCache, key = 'price:7'): Promise<string> => cache.getOrLoad(key, load, policy);
  /** Whether the source is not asked. */
  const isHit = async (cache: AgentCache, key?: string): Promise<boolean> => {
    const before = loads;
    await ask(cache, key);
    return loads === before;
  };
  afterAll(async () => {
    for (const cache of open) await cache.close();
  });

  it('meet when a key was put in front of the list: hits, and invalidations either way, in memory too', async () => {
    const [older, newer] = [await cacheWith([OLD]), await cacheWith([NEW, OLD])];
    const written = await ask(older);
    expect(await ask(newer)).toBe(written);
    const isInMemory = async (cache: AgentCache): Promise<boolean> =>
      (await cache.explain('price:7')).tier === 'memory';
    for (const [one, other] of [
      [older, newer],
      [newer, older],
    ] as const) {
      // With one key more, the older instance cannot open what the newer one has written; it loads anew, under the old key.
      await one.getOrLoad('price:7', load, { ...policy, control: { refresh: true } });
      await ask(other);
      await until(async () => (await ask(other)) !== '' && (await isInMemory(other)));
      expect(await one.invalidate({ tag: 'prices' })).toEqual({ acknowledged: true });
      await until(async () => !(await isInMemory(other)));
      expect(await isHit(other)).toBe(false);
    }
  });

  it('do not meet when the last key is another one', async () => {
    const [one, other] = [await cacheWith([OLD]), await cacheWith([NEW])];
    await ask(one, 'apart:1');
    expect(await isHit(other, 'apart:1')).toBe(false);
    await one.invalidate({ key: 'apart:1' });
    expect(await isHit(other, 'apart:1')).toBe(true);
  });

  it('refuse an envelope that was copied from another key, tenant or prefix, or was altered, and heal', async () => {
    const cache = await cacheWith([OLD], 'copied');
    const elsewhere = await cacheWith([OLD], 'elsewhere');
    /** What stands under the name of the entry that is made by it. */
    const madeBy = async (prefix: string, make: () => Promise<unknown>): Promise<readonly [string, Buffer]> => {
      const before = await entryKeys(prefix);
      await make();
      const [made] = (await entryKeys(prefix)).filter((key) => !before.includes(key));
      return [made as string, (await redis.getBuffer(made as string)) as Buffer];
    };
    const [mine, own] = await madeBy('copied', () => ask(cache, 'mine:1'));
    const [, ofOtherKey] = await madeBy('copied', () => ask(cache, 'theirs:1'));
    const [, ofOtherPrefix] = await madeBy('elsewhere', () => ask(elsewhere, 'mine:1'));
    tenant = 'umbrella';
    const [, ofOtherTenant] = await madeBy('copied', () => ask(cache, 'mine:1'));
    tenant = 'acme';
    const altered = Buffer.from(own);
    altered[altered.length - 20] = (altered[altered.length - 20] as number) ^ 1;
    for (const bytes of [ofOtherKey, ofOtherPrefix, ofOtherTenant, altered]) {
      await redis.set(mine, bytes);
      await until(async () => (await cache.explain('mine:1')).tier === 'redis');
      expect(await cache.explain('mine:1')).toMatchObject({ status: 'miss' });
      expect(await isHit(cache, 'mine:1')).toBe(false);
      expect(await isHit(cache, 'mine:1')).toBe(true);
    }
  });

  it('refuse what another cache without encryption has written, and the other way round', async () => {
    const cache = await cacheWith([OTHER], 'mixed');
    const without = await cacheWith([], 'mixed');
    await ask(without, 'mixed:1');
    expect(await isHit(cache, 'mixed:1')).toBe(false);
    // Under the very name.
    const plain = (await redis.getBuffer('mixed:mixed:1')) as Buffer;
    const hidden = (await entryKeys('mixed')).filter((key) => /^mixed:[\w-]{22}:[\w-]{22}$/.test(key));
    for (const key of hidden) await redis.set(key, plain);
    await until(async () => (await cache.explain('mixed:1')).tier === 'redis');
    expect(await isHit(cache, 'mixed:1')).toBe(false);
  });
});

describe('an invalidation by pattern, where names are hidden', () => {
  let cache: AgentCache;
  beforeAll(async () => {
    cache = createAgentCache({
      prefix: 'patterns',
      redis: { url: server.url, timeout: '2s' },
      encryption: { keys: [OLD] },
    });
    await until(async () => cache.set('warm:up', 1));
  });
  afterAll(() => cache.close());

  const KEYS = ['report:7', 'report:8', 'report', 'reporter:7', 'other:report:7'];
  let loads: string[] = [];
  const ask = (key: string): Promise<string> =>
    cache.getOrLoad(key, async () => {
      loads.push(key);
      return key;
    });
  const loadedAfter = async (pattern: string): Promise<string[]> => {
    for (const key of KEYS) await ask(key);
    expect(await cache.invalidate({ pattern })).toEqual({ acknowledged: true });
    loads = [];
    for (const key of KEYS) await ask(key);
    return loads;
  };

  it.each<[string, string[]]>([
    ['report:7', ['report:7', 'report:8', 'report']],
    ['report:*', ['report:7', 'report:8', 'report']],
    ['other:*:7', ['other:report:7']],
    ['rep\\orter:7', ['reporter:7']],
    ['nothing:*', []],
    ['report*', KEYS],
    ['*', KEYS],
  ])('of %j makes unusable what shares its first segment, or everything', async (pattern, unusable) => {
    expect(await loadedAfter(pattern)).toEqual(unusable);
  });

  it.each(['under:way', 'u*'])('of %j stops what is being loaded under such a key', async (pattern) => {
    await cache.invalidate({ pattern: '*' });
    let begun: () => void = () => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    let finish: (value: string) => void = () => undefined;
    const overtaken: string[] = [];
    const listen = ({ key }: { key: string }): void => void overtaken.push(key);
    cache.on('overtaken', listen);
    const loading = cache.getOrLoad('under:way', () => {
      begun();
      return new Promise<string>((resolve) => (finish = resolve));
    });
    await hasBegun;
    await cache.invalidate({ pattern });
    finish('old');
    expect(await loading).toBe('old');
    expect(await cache.getOrLoad('under:way', async () => 'new')).toBe('new');
    await until(() => overtaken.length > 0);
    cache.off('overtaken', listen);
    expect(overtaken).toEqual(['under:way']);
  });
});
