import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { timed, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

/** A lease that its holder does not keep up is waited for this long. */
const WAITED_FOR_MS = 1_000;
const FAULT_MS = 200;

let server: RedisServer;
let proxy: FaultProxy;
let cache: AgentCache;

beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await FaultProxy.start(server.port);
  cache = createAgentCache({ redis: { url: proxy.url } });
  await until(() => cache.set('doc:0', 1));
});
afterEach(async () => {
  server.resume();
  await cache.close();
  await proxy.stop();
  await server.stop();
});

/** Whoever asks when Redis works again, on the same instance or another one, loads at once. */
async function expectNobodyWaits(): Promise<void> {
  await until(() => cache.set('doc:0', 2));
  const other = createAgentCache({ redis: { url: server.url } });
  await until(() => other.set('doc:1', 1));
  const calls = [cache, other].map((each) => timed(() => each.getOrLoad('doc:k', async () => 'anew')));
  for (const { value, ms } of await Promise.all(calls)) {
    expect(value).toBe('anew');
    expect(ms).toBeLessThan(WAITED_FOR_MS);
  }
  await other.close();
}

describe('nobody waits for a load that nobody does, where', () => {
  const load = (): Promise<string> => cache.getOrLoad('doc:k', async () => 'not stored');

  it('Redis gave the lease too late, while it answered other commands', async () => {
    await server.command('CLIENT', 'PAUSE', FAULT_MS, 'WRITE');
    expect(await load()).toBe('not stored');
    await expectNobodyWaits();
  });

  it('Redis hung when it was asked for the lease', async () => {
    const pause = (): void => server.pause();
    cache.on('miss', pause);
    expect(await load()).toBe('not stored');
    cache.off('miss', pause);
    server.resume();
    await expectNobodyWaits();
  });

  it('the connection was lost when Redis was asked for the lease', async () => {
    const passOn = proxy.strand(/'ac1 lease '[^]*doc:k/);
    expect(await load()).toBe('not stored');
    passOn();
    await until(async () => (await server.command('EXISTS', 'agent-cache:doc:k')) === 1);
    await proxy.heal();
    await expectNobodyWaits();
  });

  it('Redis hung when the load ended', async () => {
    const failing = cache.getOrLoad('doc:k', async () => {
      server.pause();
      await cache.get('doc:other');
      throw new Error('no source');
    });
    await expect(failing).rejects.toThrow('no source');
    server.resume();
    await expectNobodyWaits();
  });
});
