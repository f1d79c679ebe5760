import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { timed, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const VERSION = 'agent-cache:~v:tag:t';

let master: RedisServer;
let replica: RedisServer;
let cache: AgentCache;

beforeAll(async () => {
  master = await RedisServer.start({ args: ['--repl-diskless-sync-delay', '0'] });
  replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  // The link is up, and the replica counts, before anything is sent to it.
  await master.command('SET', 'replicated', 1);
  await until(async () => (await replica.command('EXISTS', 'replicated')) === 1, 15_000);
  await master.command('SET', 'replicated', 2);
  await until(async () => String(await replica.command('GET', 'replicated')) === '2', 15_000);
  cache = createAgentCache({ redis: { url: master.url, minReplicas: 1 } });
  await until(() => cache.set('probe:1', 1));
}, 30_000);
afterEach(() => replica.resume());
afterAll(async () => {
  await cache.close();
  await replica.stop();
  await master.stop();
});

describe('an invalidation that must be on a replica', () => {
  const targets = [{ key: 'doc:1' }, { tag: 't' }, { pattern: 'doc:*' }];

  it.each(targets)('is acknowledged when it is: %j', async (target) => {
    await until(() => cache.set('doc:1', 'v', { tags: ['t'] }));
    expect(await cache.invalidate(target)).toEqual({ acknowledged: true });
    const [there, here] = await Promise.all([replica, master].map((server) => server.command('GET', VERSION)));
    expect(there).toBe(here);
    expect(await replica.command('EXISTS', 'agent-cache:doc:1')).toBe('tag' in target ? 1 : 0);
    expect(await cache.get('doc:1', { tags: ['t'] })).toBeUndefined();
  });

  it.each(targets)(
    'is not acknowledged while no replica has it, and covered here until one does: %j',
    async (target) => {
      expect(await cache.set('doc:1', 'v', { tags: ['t'] })).toBe(true);
      replica.pause();
      const { value, ms } = await timed(() => cache.invalidate(target));
      expect(value).toEqual({ acknowledged: false });
      expect(ms).toBeLessThan(400);
      expect(await cache.get('doc:1', { tags: ['t'] })).toBeUndefined();
      replica.resume();
      await until(() => cache.set('doc:1', 'new', { tags: ['t'] }));
      await until(async () => (await cache.get('doc:1', { tags: ['t'] })) === 'new');
    },
  );
});
