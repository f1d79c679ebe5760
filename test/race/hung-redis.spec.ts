import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Child } from '../support/child.js';
import { timed } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';
import type { OverloadOutcome } from './overload.js';

const CALLER = resolve(import.meta.dirname, 'caller.ts');
const SECONDS = 10;
const MOST_GROWN_BYTES = 10 * 1_048_576;

describe('a process whose Redis hangs', () => {
  let server: RedisServer;
  let caller: Child;

  beforeEach(async () => {
    server = await RedisServer.start();
    caller = await Child.start(CALLER, ['--expose-gc']);
    await caller.request('open', { redis: { url: server.url } });
  });
  afterEach(async () => {
    await caller.kill();
    server.resume();
    await server.stop();
  });

  it(
    'answers all of 5,000 calls a second, and its heap grows by less than 10 MB in 10 s',
    async () => {
      await caller.request('warmUp');
      server.pause();
      const { calls, answered, grownBytes } = await caller.request<OverloadOutcome>('overload', SECONDS);
      process.stdout.write(
        `race hung Redis: ${calls} calls in ${SECONDS} s, ${(grownBytes / 1_048_576).toFixed(1)} MB grown\n`,
      );
      expect(answered).toBe(calls);
      expect(grownBytes).toBeLessThan(MOST_GROWN_BYTES);
    },
    (SECONDS + 30) * 1_000,
  );

  it('closes its cache within 500 ms, with calls under way, and ends by itself', async () => {
    await caller.request('hang', 'never:1');
    server.pause();
    void caller.request('call', { key: 'asked:1', count: 10, loadMs: 400 }).catch(() => undefined);
    await sleep(50);
    expect(await caller.request<number>('close')).toBeLessThan(500);
    const { value, ms } = await timed(() => caller.ended);
    expect(value).toEqual({ code: 0, signal: null, output: '' });
    expect(ms).toBeLessThan(1_000);
  });
});
