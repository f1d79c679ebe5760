import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CachedApp } from '../../support/cached-app.js';
import { recordFault } from '../../support/fault-report.js';
import { RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/redis-kit.js';
import { RemoteProxies } from '../../support/remote-proxies.js';
import { RunQueue } from '../../support/run-queue.js';

const TIMEOUT_MS = 100;
/** What a busy machine may add to a deadline. */
const SLACK_MS = 60;
const BOUND_MS = TIMEOUT_MS + SLACK_MS;
const CAP = 512;
/** A batch is let in as long as there is room for one command. */
const ONE_BATCH = 125;
const RECOVERED_MS = 1_000;
const MANY = 10_000;
/** Each finds some hundreds more, and thousands on a machine that has nothing else to do. */
const MOST_TIMES = 20;
const MOST_GROWN_BYTES = 10 * 1_048_576;

interface Work {
  /** How long it took besides computing, and besides waiting for a processor: that is not the machine's doing. */
  readonly waitedMs: number;
  readonly ms: number;
}

let server: RedisServer;
let proxies: RemoteProxies;
let port: number;
let app: CachedApp;
let queue: RunQueue;
/** Of the proxy of the test. */
let place = -1;
const lag = (ms: number) => proxies.call([place], 'lag', ms, /^/);
const heal = () => proxies.call([place], 'heal');

beforeAll(async () => void (proxies = await RemoteProxies.start()));
afterAll(() => proxies.kill());
beforeEach(async () => {
  server = await RedisServer.start();
  port = await proxies.open(server.port);
  queue = new RunQueue();
  queue.watch([process.pid]);
  place++;
});
afterEach(async () => {
  server.resume();
  await heal();
  await app.close();
  queue.close();
  await server.stop();
});

const start = async (maxInFlight = CAP): Promise<void> => {
  app = await CachedApp.start({ redis: { url: `redis://127.0.0.1:${port}`, maxInFlight } });
  await app.untilHits();
};

const waitsOf = async (work: () => Promise<unknown>): Promise<Work> => {
  const [cpu, queuedMs, startedAtMs] = [process.cpuUsage(), queue.waitedMs(), performance.now()];
  await work();
  const ms = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, waitedMs: Math.max(0, ms - (user + system) / 1_000 - (queue.waitedMs() - queuedMs)) };
};

/** Different keys, all in one turn of the event loop. Whether each is answered with what its loader answers. */
const askAtOnce = async (count: number, from = 0): Promise<number> => {
  const ids = Array.from({ length: count }, (_, index) => `many-${from + index}`);
  const load = (id: string) => () => app.reports.load(id);
  const reports = await Promise.all(
    ids.map((id) => app.cache.getOrLoad(`many:${id}`, load(id), { tags: ['reports'] })),
  );
  return reports.filter((report, index) => report.id === ids[index]).length;
};

const inFlight = async (): Promise<number> => (await app.client.healthCheck()).connections.inFlight;
const reasons = (): Set<unknown> =>
  new Set(app.events.flatMap(({ event }) => ('reason' in event ? [event.reason] : [])));

describe('10,000 calls at once', () => {
  it('are answered by their loaders on a stopped Redis, with commands and memory within bounds, and hit again soon', async () => {
    await start();
    const before = await heldBytes();
    server.pause();
    let right = 0;
    const asking = waitsOf(async () => (right = await askAtOnce(MANY)));
    await sleep(1);
    expect(await inFlight()).toBeLessThanOrEqual(CAP + ONE_BATCH);
    const { waitedMs } = await asking;
    expect(right).toBe(MANY);
    expect(reasons()).toContain('shed');
    expect(waitedMs).toBeLessThan(BOUND_MS);
    app.events.length = 0;
    expect((await heldBytes()) - before).toBeLessThan(MOST_GROWN_BYTES);
    server.resume();
    const healedMs = await app.untilHits();
    expect(healedMs).toBeLessThan(RECOVERED_MS);
    expect(app.logged.length).toBeLessThanOrEqual(4);
    record('10,000 calls at once on a stopped Redis (besides the work of the process)', waitedMs, healedMs);
  });

  it('are answered by their loaders on a slow Redis, with commands within bounds, and hit again soon', async () => {
    await start();
    await lag(200);
    let right = 0;
    const asking = waitsOf(async () => (right = await askAtOnce(MANY)));
    await sleep(1);
    expect(await inFlight()).toBeLessThanOrEqual(CAP + ONE_BATCH);
    const { waitedMs } = await asking;
    expect(right).toBe(MANY);
    expect(waitedMs).toBeLessThan(BOUND_MS);
    await heal();
    const healedMs = await app.untilHits();
    expect(healedMs).toBeLessThan(RECOVERED_MS);
    record('10,000 calls at once over a link of 200 ms (besides the work of the process)', waitedMs, healedMs);
  });

  it('would be caught beyond the bound without the cap', async () => {
    await start(1_000_000);
    server.pause();
    const asking = askAtOnce(2 * MANY);
    await sleep(1);
    expect(await inFlight()).toBeGreaterThan(CAP + ONE_BATCH);
    await asking;
    expect(reasons()).not.toContain('shed');
  });
});

describe('2,000 calls a second', () => {
  const FOR_MS = 1_200;
  const KEYS = 200;

  /** The longest that any call waited, and the share of hits. Calls come whether those before are answered or not. */
  const drive = async (): Promise<{ longestMs: number; wrong: number; hitRatio: number }> => {
    const loadsBefore = app.reports.loadCount;
    let [calls, wrong, longestMs] = [0, 0, 0];
    const running: Promise<void>[] = [];
    const call = async (id: string): Promise<void> => {
      const [startedAtMs, queuedMs] = [performance.now(), queue.waitedMs()];
      const report = calls % 2 === 0 ? await app.reports.read(id) : await readDirectly(id);
      longestMs = Math.max(longestMs, performance.now() - startedAtMs - (queue.waitedMs() - queuedMs));
      if (report.id !== id) wrong++;
    };
    const startedAtMs = performance.now();
    for (let ms = 0; ms < FOR_MS; ms = performance.now() - startedAtMs) {
      while (calls < ms * 2) running.push(call(`id-${calls++ % KEYS}`));
      await sleep(1);
    }
    await Promise.all(running);
    return { longestMs, wrong, hitRatio: 1 - (app.reports.loadCount - loadsBefore) / calls };
  };
  const readDirectly = (id: string) =>
    app.cache.getOrLoad(`direct:${id}`, () => app.reports.load(id), { tags: ['reports'], memory: false });

  /** Calls over a link that is so slow, and until it is healed. */
  const driveOver = async (ms: number): Promise<{ longestMs: number; hitRatio: number; healedMs: number }> => {
    await lag(ms);
    const { longestMs, wrong, hitRatio } = await drive();
    expect(wrong).toBe(0);
    expect(longestMs).toBeLessThan(BOUND_MS);
    await heal();
    const healedMs = await app.untilHits();
    expect(healedMs).toBeLessThan(RECOVERED_MS);
    return { longestMs, hitRatio, healedMs };
  };

  it('use a Redis that is 50 ms away', async () => {
    await start();
    await drive();
    const { longestMs, hitRatio, healedMs } = await driveOver(50);
    expect(hitRatio).toBeGreaterThan(0.9);
    record('a link of 50 ms at 2,000 calls/s', longestMs, healedMs, 'hits');
  });

  it('go past a Redis that is 200 ms away, and hit again soon', async () => {
    await start();
    const { longestMs, hitRatio, healedMs } = await driveOver(200);
    expect(hitRatio).toBeLessThan(0.9);
    expect(app.logged.length).toBeLessThanOrEqual(4);
    record('a link of 200 ms at 2,000 calls/s', longestMs, healedMs);
  });
});

describe('a loader that is slow for everyone', () => {
  const LOAD_MS = 400;
  const KEYS = 250;
  const CALLERS = 1_000;

  it('runs once for each key, keeps nobody waiting beyond it, and holds up no hits', async () => {
    await start();
    let loads = 0;
    const load = (id: string) => async () => {
      loads++;
      await sleep(LOAD_MS);
      return app.reports.load(id);
    };
    let right = 0;
    const asking = waitsOf(async () => {
      const ids = Array.from({ length: CALLERS }, (_, index) => `slow-${index % KEYS}`);
      const reports = await Promise.all(ids.map((id) => app.cache.getOrLoad(`slow:${id}`, load(id))));
      right = reports.filter(({ id }, index) => id === ids[index]).length;
    });
    await sleep(LOAD_MS / 4);
    const meanwhile = await app.viaMethod();
    expect(meanwhile.isHit).toBe(true);
    const { waitedMs } = await asking;
    expect([right, loads]).toEqual([CALLERS, KEYS]);
    expect(waitedMs - LOAD_MS).toBeLessThan(BOUND_MS);
    const stored = Array.from({ length: KEYS }, (_, index) => `slow:slow-${index}`);
    await until(async () => (await app.cache.getMany(stored)).every((report) => report !== undefined), RECOVERED_MS);
    record('a loader that is slow for 1,000 callers', Math.max(0, waitedMs - LOAD_MS), null, "the loader's one answer");
  });

  it('would be caught running for each caller where loads are not shared', async () => {
    await start();
    let loads = 0;
    const load = async () => {
      loads++;
      await sleep(LOAD_MS / 4);
      return 1;
    };
    const control = { noStore: true, refresh: true } as const;
    await Promise.all(Array.from({ length: 20 }, () => app.cache.getOrLoad('slow:alone', load, { control })));
    expect(loads).toBe(20);
  });
});

describe('a cold start with 10,000 keys at once', () => {
  const keys = Array.from({ length: MANY }, (_, index) => `cold:${index}`);

  it('is answered rightly key by key, and hits follow within a second', async () => {
    await start();
    let right = 0;
    const { waitedMs } = await waitsOf(async () => (right = await askAtOnce(MANY)));
    expect(right).toBe(MANY);
    expect(waitedMs).toBeLessThan(BOUND_MS);
    const healedMs = await app.untilHits();
    expect(healedMs).toBeLessThan(RECOVERED_MS);
    expect(app.logged.length).toBeLessThanOrEqual(2);
    record('a cold start with 10,000 keys, each by itself (besides the work of the process)', waitedMs, healedMs);
  });

  it('is answered rightly in one call, and each further call finds more of it, until it finds all', async () => {
    await start();
    const load = async (missing: string[]) => Promise.all(missing.map((key) => app.reports.load(key)));
    const loadsOf = async (): Promise<number> => {
      const before = app.reports.loadCount;
      const reports = await app.cache.getOrLoadMany(keys, load);
      expect(reports.map(({ id }) => id)).toEqual(keys);
      return app.reports.loadCount - before;
    };
    let waitedMs = 0;
    const first = await waitsOf(async () => expect(await loadsOf()).toBe(MANY));
    waitedMs = first.waitedMs;
    expect(waitedMs).toBeLessThan(BOUND_MS);
    const startedAtMs = performance.now();
    await until(async () => (await app.cache.getMany(keys.slice(0, 100))).some((found) => found !== undefined));
    const healedMs = performance.now() - startedAtMs;
    expect(healedMs).toBeLessThan(RECOVERED_MS);
    for (let time = 0; time < MOST_TIMES && (await loadsOf()) > 0; time++) await sleep(20);
    expect(await loadsOf()).toBe(0);
    record(
      'a cold start with 10,000 keys in one call (besides the work of the process)',
      waitedMs,
      healedMs,
      "the loader's answer",
    );
  });

  it('stores also while this process computes for longer than the timeout between question and answer', async () => {
    await start();
    const compute = (): void => {
      for (const endsAtMs = performance.now() + 1.5 * TIMEOUT_MS; performance.now() < endsAtMs;);
    };
    app.cache.on('miss', compute);
    await app.viaCache('busy');
    app.cache.off('miss', compute);
    await until(async () => (await app.viaCache('busy')).isHit, RECOVERED_MS);
    expect(app.reports.loadCount).toBeGreaterThan(0);
    expect(app.events.filter(({ name }) => name === 'error')).toEqual([]);
  });

  it('would be caught finding nothing where what was loaded is not stored', async () => {
    await start();
    const load = async (missing: string[]) => Promise.all(missing.map((key) => app.reports.load(key)));
    await app.cache.getOrLoadMany(keys, load, { admit: () => false });
    expect(await app.cache.getMany(keys.slice(0, 100))).toEqual(Array(100).fill(undefined));
  });
});

function record(fault: string, addedMs: number, healedMs: number | null, caller = "the loader's answer"): void {
  const healBoundMs = healedMs === null ? null : RECOVERED_MS;
  recordFault({ class: 'overload', fault, caller, boundMs: BOUND_MS, addedMs, healedMs, healBoundMs });
}

/** Memory that is still held once the collector is through: it frees buffers in the background, and some in the next round. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await sleep(10);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
