import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CachedApp } from '../../support/cached-app.js';
import { Child } from '../../support/child.js';
import { timed, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';
import type { Answered, AppSpec } from './app.js';
import { record } from './record.js';

const APP = resolve(import.meta.dirname, 'app.ts');
const TIMEOUT_MS = 100;
/** What a busy machine may add to a deadline. */
const SLACK_MS = 60;
const BOUND_MS = TIMEOUT_MS + SLACK_MS;
const CLOSED_MS = 500;
/** A lease that its holder does not keep up is taken over after 2 s, by who looks again within 100 ms. */
const TAKEN_OVER_MS = 2_100;
const PREFIX = 'faults';

let server: RedisServer;
const children: Child[] = [];
const apps: CachedApp[] = [];

beforeEach(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  server.resume();
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await server.stop();
});

const startChild = async (spec: Partial<AppSpec> = {}, limit?: string): Promise<Child> => {
  const child = await Child.start(APP, [], limit);
  children.push(child);
  const options = { prefix: PREFIX, redis: { url: server.url } };
  await child.request('open', { options, hasShutdownHooks: true, ...spec } satisfies AppSpec);
  return child;
};
const startApp = async (): Promise<CachedApp> => {
  const app = await CachedApp.start({ prefix: PREFIX, redis: { url: server.url } });
  apps.push(app);
  await app.untilHits();
  return app;
};
const isBusy = (child: Child): Promise<void> => until(() => child.request<boolean>('isBusy'));

describe('a process that is told to end (SIGTERM)', () => {
  it.each([
    ['Redis is there', false],
    ['Redis hangs', true],
  ])('gives calls under way their answers and ends in time as Nest ends it, while %s', async (condition, isHung) => {
    const child = await startChild();
    if (isHung) server.pause();
    await child.request('callAndTell', { count: 50, what: 'last' });
    const startedAtMs = performance.now();
    child.signal('SIGTERM');
    const { signal, code, output } = await child.ended;
    const ms = performance.now() - startedAtMs;
    expect({ signal, code }).toEqual({ signal: 'SIGTERM', code: null });
    expect(output).toBe('answered 50\n');
    // The app waits for its calls, and the cache ends after it.
    const callsMs = isHung ? BOUND_MS : 0;
    expect(ms).toBeLessThan(CLOSED_MS + callsMs);
    record(`SIGTERM while ${condition}`, 'the answer, before the process ends', CLOSED_MS + callsMs, ms);
  });

  it('would be caught leaving calls without an answer, had Nest no shutdown hooks', async () => {
    const child = await startChild({ hasShutdownHooks: false });
    server.pause();
    await child.request('callAndTell', { count: 50, what: 'last' });
    child.signal('SIGTERM');
    expect(await child.ended).toEqual({ signal: 'SIGTERM', code: null, output: '' });
  });

  it('closes within 500 ms while Redis hangs, and leaves nothing that keeps the process alive', async () => {
    const child = await startChild();
    await child.request('call', { count: 5, what: 'some' });
    server.pause();
    expect(await child.request<number>('close')).toBeLessThan(CLOSED_MS);
    const { value, ms } = await timed(() => child.ended);
    expect(value).toEqual({ code: 0, signal: null, output: '' });
    expect(ms).toBeLessThan(CLOSED_MS);
  });
});

describe('a process that is killed (SIGKILL)', () => {
  const policy = { tags: ['reports'] };

  it('while it holds a lease, keeps others waiting until the lease is over, and no longer', async () => {
    const [child, app] = [await startChild(), await startApp()];
    await child.request('load', { key: 'direct:leased', policy });
    await isBusy(child);
    const asking = timed(() => app.viaCache('leased'));
    await sleep(50);
    await child.kill();
    const { value, ms } = await asking;
    expect(value.report).toEqual({ id: 'leased', version: 1 });
    expect(ms).toBeLessThan(TAKEN_OVER_MS + SLACK_MS);
    expect((await app.viaCache('leased')).isHit).toBe(true);
    record('SIGKILL while it holds a lease', "the loader's answer", TAKEN_OVER_MS + SLACK_MS, ms, 0, SLACK_MS);
  });

  it('would be caught waiting for it, if the one who holds the lease lived', async () => {
    const [child, app] = [await startChild(), await startApp()];
    await child.request('load', { key: 'direct:leased', policy });
    await isBusy(child);
    const answered = app.viaCache('leased').then(() => 'answered');
    expect(await Promise.race([answered, sleep(TAKEN_OVER_MS + SLACK_MS, 'waiting')])).toBe('waiting');
    await child.kill();
    expect(await answered).toBe('answered');
  });

  it('does not keep anybody waiting longer than hardTimeout, also when it hangs and does not die', async () => {
    const [child, app] = [await startChild(), await startApp()];
    await child.request('load', { key: 'direct:leased', policy });
    await isBusy(child);
    const load = () => app.reports.load('leased');
    const { ms } = await timed(() => app.cache.getOrLoad('direct:leased', load, { ...policy, hardTimeout: '500ms' }));
    expect(ms).toBeGreaterThan(450);
    expect(ms).toBeLessThan(500 + BOUND_MS);
    record(
      'another process hangs while it holds a lease (hardTimeout 500 ms)',
      "the loader's answer",
      500 + BOUND_MS,
      ms,
    );
  });

  it('while it changes something, leaves nothing behind that was cached before the change', async () => {
    const [child, app] = [await startChild(), await startApp()];
    app.reports.version = 2;
    await child.request('change', { tag: 'reports' });
    await isBusy(child);
    await child.kill();
    const { report, ms } = await app.viaMethod();
    expect(report).toEqual({ id: 'a', version: 2 });
    expect(ms).toBeLessThan(BOUND_MS);
    expect(await app.untilHits()).toBeLessThan(SLACK_MS);
    record('SIGKILL during invalidateAround', "the loader's answer", BOUND_MS, ms, 0, SLACK_MS);
  });

  it('while its invalidation waits for Redis, leaves no lock: others are answered in time, and hit again', async () => {
    const [child, app] = [await startChild(), await startApp()];
    server.pause();
    await child.request('invalidate', { tag: 'reports' });
    await child.kill();
    const { ms } = await app.viaMethod();
    expect(ms).toBeLessThan(BOUND_MS);
    server.resume();
    const healedMs = await app.untilHits();
    expect(healedMs).toBeLessThan(1_000);
    record('SIGKILL while an invalidation waits for Redis', "the loader's answer", BOUND_MS, ms, healedMs, 1_000);
  });
});

describe('a process without file descriptors', () => {
  /** Enough to load the modules, many of which are read at once. */
  const LIMIT = 'ulimit -n 256';
  const ask = (child: Child, what = 'same'): Promise<Answered> => child.request('call', { count: 1, what });

  it('goes on without the cache, in time, and hits again when there are some', async () => {
    const child = await startChild({}, LIMIT);
    await until(async () => (await ask(child)).areHits);
    expect(await child.request<number>('exhaust')).toBeLessThan(256);
    await cutAll();
    await until(async () => !(await ask(child)).areHits);
    let longestMs = 0;
    for (let time = 0; time < 20; time++) {
      const { longestMs: ms, areHits } = await ask(child);
      expect(areHits).toBe(false);
      longestMs = Math.max(longestMs, ms);
      await sleep(10);
    }
    expect(longestMs).toBeLessThan(BOUND_MS);
    await child.request('release');
    const { ms: healedMs } = await timed(() => until(async () => (await ask(child)).areHits));
    expect(healedMs).toBeLessThan(2_000);
    record('no file descriptors are left', "the loader's answer", BOUND_MS, longestMs, healedMs, 2_000);
  });

  it('would be caught not healing for as long as there are none', async () => {
    const child = await startChild({}, LIMIT);
    await until(async () => (await ask(child)).areHits);
    await child.request('exhaust');
    await cutAll();
    await until(async () => !(await ask(child)).areHits);
    await expect(until(async () => (await ask(child)).areHits, 800)).rejects.toThrow('did not come to pass');
  });

  const cutAll = async (): Promise<void> => {
    for (const type of ['normal', 'pubsub']) await server.command('CLIENT', 'KILL', 'TYPE', type);
  };
});
