import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OpenedRedis, openRedis, timed, until } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';

describe('a client whose Redis is killed and comes back', () => {
  let server: RedisServer;
  let opened: OpenedRedis;

  beforeEach(async () => {
    server = await RedisServer.start();
    opened = await openRedis(server.url, { connections: 2 });
    await until(() => opened.store.health().then(({ connections }) => connections.open === 2));
  });
  afterEach(async () => {
    await opened.client.close();
    await server.stop();
  });

  it('stays fast under traffic and serves again at once', async () => {
    await opened.client.set('k', 'v');
    let isRunning = true;
    let longestMs = 0;
    let rejections = 0;
    const caller = async () => {
      while (isRunning) {
        const { ms } = await timed(() => opened.client.get('k')).catch(() => ({ ms: ++rejections }));
        longestMs = Math.max(longestMs, ms);
        await sleep(2);
      }
    };
    const callers = Promise.all(Array.from({ length: 20 }, caller));
    await sleep(50);
    await server.kill();
    await sleep(500);
    await server.restart();
    const { ms: backMs } = await timed(() => until(() => opened.client.set('k', 'new')));
    await until(() => opened.client.get('k').then((value) => value === 'new'));
    isRunning = false;
    await callers;
    expect(rejections).toBe(0);
    expect(longestMs).toBeLessThan(100);
    expect(backMs).toBeLessThan(150);
    expect(opened.events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
  });
});
