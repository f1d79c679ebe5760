import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import type { CacheOptions } from '../../../src/core/policy/options.js';
import { everything } from '../../../src/core/policy/resource.js';
import { timed, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const TIMEOUT_MS = 100;
/** One turn of a busy event loop, and what a loaded machine adds. */
const SLACK_MS = 60;
/** Whatever else the machine does delays some call of some run, but not those of each. */
const RUNS = 3;

let server: RedisServer;
const open: AgentCache[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  server.resume();
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});
afterAll(() => server.stop());

function create(options: CacheOptions = {}, url = server.url): AgentCache {
  const cache = createAgentCache({ redis: { url }, ...options });
  open.push(cache);
  return cache;
}

/** A cache that has reached Redis. */
async function connected(options: CacheOptions = {}): Promise<AgentCache> {
  const cache = create(options);
  await until(() => cache.set(`probe:${Math.random()}`, 1));
  return cache;
}

describe('two instances on one Redis', () => {
  it('share what one of them loaded, types included', async () => {
    const [a, b] = [await connected(), await connected()];
    const value = { at: new Date(5), ids: new Set([1n]), vector: new Float32Array([1.5, -0]), gone: undefined };
    await a.getOrLoad('shared:1', async () => value);
    expect(await b.getOrLoad('shared:1', () => Promise.reject(new Error('not asked')))).toStrictEqual(value);
  });

  it('see an acknowledged invalidation of the other at once, also for a load that was under way', async () => {
    const [a, b] = [await connected(), await connected()];
    const policy = { dependsOn: [everything()] };
    let finish: (value: string) => void = () => undefined;
    let isLoading = false;
    const load = (): Promise<string> => {
      isLoading = true;
      return new Promise((resolve) => (finish = resolve));
    };
    const slow = a.getOrLoad('tool:1', load, policy);
    await until(() => isLoading);
    expect(await b.invalidate({ resource: everything() })).toEqual({ acknowledged: true });
    finish('old');
    await slow;
    expect(await a.getOrLoad('tool:1', async () => 'new', policy)).toBe('new');
    expect(await b.getOrLoad('tool:1', async () => 'unused', policy)).toBe('new');
  });

  it('with different prefixes never meet', async () => {
    const [a, b] = [await connected({ prefix: 'app' }), await connected({ prefix: 'app-2' })];
    await a.set('k:1', 'of a');
    expect(await b.get('k:1')).toBeUndefined();
    await b.invalidate({ pattern: '*' });
    expect(await a.get('k:1')).toBe('of a');
  });

  it('notice a deletion and a flush from outside', async () => {
    const cache = await connected();
    await cache.set('out:1', 'v');
    await server.command('DEL', 'agent-cache:out:1');
    expect(await cache.get('out:1')).toBeUndefined();
    await cache.set('out:2', 'v');
    await server.command('FLUSHALL');
    expect(await cache.get('out:2')).toBeUndefined();
  });

  it('keep a readable JSON payload and a time to live in Redis', async () => {
    const cache = await connected();
    await cache.set('read:1', { hello: 'agent' }, { ttl: '1m' });
    expect(String(await server.command('GET', 'agent-cache:read:1'))).toContain('{"hello":"agent"}');
    const ttlMs = Number(await server.command('PTTL', 'agent-cache:read:1'));
    expect(ttlMs).toBeGreaterThan(50_000);
    expect(ttlMs).toBeLessThanOrEqual(60_000);
  });

  it('read nothing of a value or an id of a snapshot when encryption is on, and rotate keys', async () => {
    const [old, young] = ['old', 'new'].map((id) => `${id}:${Buffer.alloc(32, id).toString('base64')}`) as [
      string,
      string,
    ];
    const before = await connected({ prefix: 'enc', encryption: { keys: [old] } });
    await before.set('sec:1', { password: 'hunter2' }, { tags: ['customer-4711'] });
    const [name] = ((await server.command('KEYS', 'enc:*')) as string[]).filter((key) => !key.startsWith('enc:~'));
    const stored = String(await server.command('GET', name ?? ''));
    expect(stored).toMatch(/^ac1 gcm /);
    expect(name).not.toContain('sec');
    expect(stored).not.toContain('hunter2');
    expect(stored).not.toContain('customer-4711');
    const after = await connected({ prefix: 'enc', encryption: { keys: [young, old] } });
    expect(await after.get('sec:1')).toEqual({ password: 'hunter2' });
    const without = await connected({ prefix: 'enc', encryption: { keys: [young] } });
    expect(await without.get('sec:1')).toBeUndefined();
  });
});

describe('Redis away', () => {
  it.each([
    ['a port that nobody listens on', 'redis://127.0.0.1:1'],
    ['a name that does not exist', 'redis://no-such-host.invalid:6379'],
  ])('costs next to nothing: %s', async (_what, url) => {
    const cache = create({}, url);
    await sleep(50);
    for (let call = 0; call < 20; call++) {
      const { value, ms } = await timed(() => cache.getOrLoad(`away:${call}`, async () => 'loaded'));
      expect(value).toBe('loaded');
      expect(ms).toBeLessThan(SLACK_MS);
    }
  });

  it('is served before the first connection is there', async () => {
    const cache = create();
    expect(await cache.getOrLoad('first:1', async () => 'loaded')).toBe('loaded');
  });

  it('hanging costs one timeout, then next to nothing, and heals by itself', async () => {
    const cache = await connected();
    const failures: string[] = [];
    cache.on('tierFailed', () => failures.push('failed')).on('tierRecovered', () => failures.push('recovered'));
    await cache.getOrLoad('hang:1', async () => 'before');
    const runs: { atFirst: number; later: number }[] = [];
    for (let run = 0; run < RUNS; run++) {
      server.pause();
      const load = (n: number) => timed(() => cache.getOrLoad(`hang:${run}:${n}`, async () => 'loaded'));
      const calls = await Promise.all(Array.from({ length: 100 }, (_, n) => load(n)));
      runs.push({ atFirst: Math.max(...calls.map(({ ms }) => ms)), later: (await load(100)).ms });
      server.resume();
      await until(async () => (await cache.get('hang:1')) === 'before');
    }
    expect(Math.min(...runs.map(({ atFirst }) => atFirst))).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    expect(Math.min(...runs.map(({ later }) => later))).toBeLessThan(SLACK_MS / 4);
    // All within ten seconds of the first recovery, so that the others are not told.
    expect(failures).toEqual(['failed', 'recovered', 'failed']);
  });

  it('hanging delays a change and its two invalidations by one timeout in all, and nothing stale is served after', async () => {
    const [here, there] = [await connected(), await connected()];
    const policy = { dependsOn: [everything()] };
    await here.getOrLoad('change:1', async () => 'old', policy);
    server.pause();
    const { ms } = await timed(() => here.invalidateAround({ resource: everything() }, async () => 'done'));
    expect(ms).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    server.resume();
    expect(await here.getOrLoad('change:1', async () => 'new', policy)).toBe('new');
    await until(async () => (await there.get('change:1', policy)) !== 'old');
  });

  it('killed and started again is used again, without an error in between', async () => {
    const cache = await connected();
    await server.kill();
    for (let n = 0; n < 50; n++) expect(await cache.getOrLoad(`kill:${n}`, async () => n)).toBe(n);
    await server.restart();
    await until(() => cache.set('kill:back', true));
    expect(await cache.get('kill:back')).toBe(true);
  });

  it('closes within 500 ms while it hangs', async () => {
    const cache = await connected();
    server.pause();
    const pending = cache.getOrLoad('close:1', async () => 'loaded');
    expect((await timed(() => cache.close())).ms).toBeLessThan(500);
    expect(await pending).toBe('loaded');
  });
});
