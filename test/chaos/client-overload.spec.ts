import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ResolvedRedisOptions } from '../../src/core/policy/options.js';
import type { ResilienceTuning } from '../../src/core/resilience/resilience-defaults.js';
import { type OpenedRedis, openRedis } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';

const CALLS_PER_MS = 5;
/** With the measuring, much shorter than the second after which a silent connection is given up, which would free all. */
const FOR_MS = 500;
const VALUE = 'x'.repeat(2_000);
/** Seen: 3 to 6 MB; without the cap and the breaker, 17 to 30 MB. */
const MOST_GROWN_BYTES = 10 * 1_048_576;
const COLLECTIONS = 3;

describe('a client at 5,000 calls a second on a hung Redis', () => {
  let server: RedisServer;
  let opened: OpenedRedis;

  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    server.resume();
    await opened.client.close();
    await server.stop();
  });

  it('keeps memory flat and commands within the cap', async () => {
    const { grownBytes, mostInFlight, answered } = await overload({});
    expect(mostInFlight).toBeGreaterThan(0);
    expect(mostInFlight).toBeLessThanOrEqual(512);
    expect(answered).toBe(FOR_MS * CALLS_PER_MS);
    expect(grownBytes).toBeLessThan(MOST_GROWN_BYTES);
  });

  it('keeps within a small cap from the first call on', async () => {
    const { mostInFlight, isShed } = await overload({ maxInFlight: 16 });
    expect(mostInFlight).toBe(16);
    expect(isShed).toBe(true);
    expect((await opened.store.health()).connections.shed).toBeGreaterThan(0);
  });

  it('bounds bytes as well as commands', async () => {
    opened = await openRedis(server.url, {}, { maxInFlightBytes: 100_000, breakerThreshold: Infinity });
    expect(await opened.store.ready(2_000)).toBe(true);
    server.pause();
    const stored = Array.from({ length: 100 }, () => opened.client.set('k', VALUE));
    expect((await opened.store.health()).connections.inFlight).toBeLessThan(52);
    expect(await Promise.all(stored)).toEqual(stored.map(() => false));
  });

  it('would be caught growing without the cap and the breaker', async () => {
    const { grownBytes, mostInFlight } = await overload(
      { maxInFlight: Infinity },
      { maxInFlightBytes: Infinity, breakerThreshold: Infinity },
    );
    expect(mostInFlight).toBeGreaterThan(2_000);
    expect(grownBytes).toBeGreaterThan(MOST_GROWN_BYTES);
  });

  /** Writes without waiting, while Redis is stopped. */
  async function overload(options: Partial<ResolvedRedisOptions>, tuning: Partial<ResilienceTuning> = {}) {
    opened = await openRedis(server.url, options, tuning);
    if (tuning.breakerThreshold === Infinity) withoutSilence(opened);
    expect(await opened.store.ready(2_000)).toBe(true);
    await opened.client.set('warm', 'up');
    opened.events.all.length = 0;
    const before = await heldBytes();
    server.pause();
    let calls = 0;
    let answered = 0;
    let mostInFlight = 0;
    const start = performance.now();
    while (performance.now() - start < FOR_MS) {
      const due = Math.min((performance.now() - start) * CALLS_PER_MS, FOR_MS * CALLS_PER_MS);
      for (; calls < due; calls++) void opened.client.set('k', VALUE + calls).then(() => answered++);
      mostInFlight = Math.max(mostInFlight, inFlightOf(opened));
      await sleep(1);
    }
    for (; calls < FOR_MS * CALLS_PER_MS; calls++) void opened.client.set('k', VALUE + calls).then(() => answered++);
    const isShed = opened.events.of('error').some(({ reason }) => reason === 'shed');
    // What the test itself remembers is not what the client holds.
    opened.events.all.length = 0;
    const grownBytes = (await heldBytes()) - before;
    await sleep(150);
    return { grownBytes, mostInFlight, answered, isShed };
  }
});

/** Lets silence not open the breaker. */
function withoutSilence({ store }: OpenedRedis): void {
  const { guard } = (store as unknown as { redis: { guard: { options: object } } }).redis;
  guard.options = { ...guard.options, isOneServer: false };
}

/** Health would ask Redis, and thereby count itself. */
function inFlightOf({ store }: OpenedRedis): number {
  return (store as unknown as { redis: { counts: { inFlight: number } } }).redis.counts.inFlight;
}

/** Memory that is still held once the collector is through: it frees buffers in the background, and some in the next round. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  for (let round = 0; round < COLLECTIONS; round++) {
    collectGarbage();
    await sleep(10);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
