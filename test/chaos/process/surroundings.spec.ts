import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CachedApp } from '../../support/cached-app.js';
import { RedisServer } from '../../support/redis-server.js';
import { record } from './record.js';

const TIMEOUT_MS = 100;
/** What a busy machine may add to a deadline. */
const SLACK_MS = 60;
const BOUND_MS = TIMEOUT_MS + SLACK_MS;
const HOUR_MS = 3_600_000;
const PREFIX = 'faults';

let server: RedisServer;
let app: CachedApp;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-cache-process-'));
  server = await RedisServer.start({ args: ['--enable-protected-configs', 'yes'] });
  app = await CachedApp.start({ prefix: PREFIX, redis: { url: server.url } });
  await app.untilHits();
});
afterEach(async () => {
  await app.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a disk that is full under Redis (MISCONF)', () => {
  it('costs nothing but what would be stored, and all is stored again once there is room', async () => {
    await fill();
    app.events.length = 0;
    let longestMs = 0;
    for (let time = 0; time < 20; time++) {
      const asked = time % 2 === 0 ? await app.viaCache('new') : await app.viaMethod('new');
      expect(asked).toMatchObject({ report: { id: 'new', version: 1 }, isHit: false });
      longestMs = Math.max(longestMs, asked.ms);
    }
    expect(longestMs).toBeLessThan(BOUND_MS);
    expect(new Set(app.events.flatMap(({ event }) => ('reason' in event ? [event.reason] : [])))).toEqual(
      new Set(['rejected']),
    );
    // What was stored before is still served.
    expect(await app.viaCache()).toMatchObject({ isHit: true });
    expect(await app.viaMethod()).toMatchObject({ isHit: true });
    expect((await app.cache.invalidate({ tag: 'reports' })).acknowledged).toBe(false);
    expect(await app.viaCache()).toMatchObject({ isHit: false });
    await empty();
    const healedMs = await app.untilHits();
    expect(healedMs).toBeLessThan(1_000);
    const caller = 'hits of what is stored, else the answer of the loader';
    record('the disk under Redis is full (MISCONF)', caller, BOUND_MS, longestMs, healedMs, 1_000);
  });

  it('would be caught not healing for as long as it is full', async () => {
    await fill();
    await app.cache.invalidate({ tag: 'reports' });
    await expect(app.untilHits(500)).rejects.toThrow('no hits');
  });

  /** The folder of its data is gone: no snapshot can be written, and without one Redis takes no writes. */
  async function fill(): Promise<void> {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    await server.command('CONFIG', 'SET', 'dir', gone);
    rmSync(gone, { recursive: true });
    await server.command('CONFIG', 'SET', 'save', '3600 1');
    await server.command('BGSAVE');
    await untilWrites(false);
  }
  async function empty(): Promise<void> {
    await server.command('CONFIG', 'SET', 'dir', folder);
    await server.command('BGSAVE');
    await untilWrites(true);
  }
  async function untilWrites(areTaken: boolean): Promise<void> {
    for (;;) {
      const reply = await server.command('SET', 'probe', 1).catch((error: Error) => error.message);
      if (areTaken === (reply === 'OK') && (areTaken || String(reply).startsWith('MISCONF'))) return;
      await sleep(10);
    }
  }
});

describe('a clock of the machine that jumps', () => {
  const realNow = Date.now;
  const jump = (ms: number): void => void (Date.now = () => realNow() + ms);
  const load = () => app.reports.load('clock');
  const read = () => app.cache.getOrLoad('clock:1', load, { ttl: '700ms' });
  const readLong = () => app.cache.getOrLoad('clock:long', load, { ttl: '10m' });
  /** Whether the loader was not asked. */
  const isHit = async (call: () => Promise<unknown>): Promise<boolean> => {
    const before = app.reports.loadCount;
    await call();
    return app.reports.loadCount === before;
  };

  afterEach(() => {
    Date.now = realNow;
  });

  it('an hour ahead lets entries be loaded anew, each once for all who ask, and then be hit', async () => {
    await readLong();
    expect(await isHit(readLong)).toBe(true);
    jump(HOUR_MS);
    const before = app.reports.loadCount;
    const startedAtMs = performance.now();
    await Promise.all(Array.from({ length: 100 }, readLong));
    const ms = performance.now() - startedAtMs;
    expect(app.reports.loadCount - before).toBe(1);
    expect(ms).toBeLessThan(BOUND_MS);
    expect(await isHit(readLong)).toBe(true);
    record('the clock jumps an hour ahead', "the loader's answer, once", BOUND_MS, ms, 0, SLACK_MS);
  });

  it('an hour back lets no entry outlive its time, since the store keeps time by itself', async () => {
    await read();
    jump(-HOUR_MS);
    const startedAtMs = performance.now();
    let ms = 0;
    while (await isHit(read)) {
      ms = performance.now() - startedAtMs;
      expect(ms).toBeLessThan(700 + BOUND_MS);
      await sleep(5);
    }
    expect(await isHit(read)).toBe(true);
    record('the clock jumps an hour back', 'a hit until its time to live of 700 ms is over', 700 + BOUND_MS, ms);
  });

  it('an hour back would be caught serving on, if the store did not end what it keeps', async () => {
    await read();
    await server.command('PERSIST', `${PREFIX}:clock:1`);
    jump(-HOUR_MS);
    await sleep(700 + BOUND_MS);
    expect(await isHit(read)).toBe(true);
  });

  it('back and forth causes no storm of loads', async () => {
    await readLong();
    const before = app.reports.loadCount;
    for (let time = 0; time < 10; time++) {
      jump(time % 2 === 0 ? HOUR_MS : 0);
      await Promise.all(Array.from({ length: 20 }, readLong));
    }
    // What was stored an hour ahead is fresh there and here.
    expect(app.reports.loadCount - before).toBeLessThanOrEqual(1);
  });

  it('in one process does not concern another: what it stores is served for no longer than the store keeps it', async () => {
    jump(HOUR_MS);
    await read();
    Date.now = realNow;
    expect(await isHit(read)).toBe(true);
    await sleep(700 + SLACK_MS);
    expect(await isHit(read)).toBe(false);
  });
});
