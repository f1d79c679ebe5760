import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { RedisOptions } from '../../../src/core/policy/options.js';
import { rightsIn, userWith } from '../../support/acl-lines.js';
import { askFor } from '../../support/asked-app.js';
import { CachedApp } from '../../support/cached-app.js';
import { recordFault } from '../../support/fault-report.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const BOUND_MS = 100;
const SLACK_MS = 60;
/** A server that has refused is asked again every two seconds at least. */
const HEAL_BOUND_MS = 2_500;
const NAME = 'agent-cache';
/** Everything that has a meaning in a URL, and more. */
const PASSWORD = 'p@ss:w/o?r#d%20+&é"\'\\';
const REFUSED = /^warn redis is unavailable \(it refuses the user or the password/;

describe('an app whose Redis asks who it is', () => {
  let server: RedisServer;
  /** Somebody who may do everything, whatever becomes of the others. */
  let admin: Redis;
  let app: CachedApp | null = null;

  const acl = (...args: string[]): Promise<unknown> => admin.call('ACL', ...args);
  const allow = (password: string): Promise<unknown> =>
    acl(...(userWith(NAME, password, rightsIn('cache')).slice(1) as [string]));
  const urlWith = (credentials: string): string => server.url.replace('//', `//${credentials}@`);
  const start = async (redis: RedisOptions): Promise<CachedApp> =>
    (app = await CachedApp.start({ prefix: NAME, redis }));

  beforeAll(async () => {
    server = await RedisServer.start();
    await server.command('ACL', 'SETUSER', 'tests', 'on', '>tests', '~*', '&*', '+@all');
    admin = new Redis({ port: server.port, username: 'tests', password: 'tests', protocol: 2 });
  });
  beforeEach(async () => {
    await admin.flushall();
    await acl('SETUSER', 'default', 'reset', 'off');
    await allow(PASSWORD);
  });
  afterEach(async () => {
    await app?.close();
    app = null;
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  it.each<[string, () => RedisOptions]>([
    ['in the URL, encoded', () => ({ url: urlWith(`${NAME}:${encodeURIComponent(PASSWORD)}`) })],
    ['in code', () => ({ url: server.url, username: NAME, password: PASSWORD })],
    ['in code, which wins over the URL', () => ({ url: urlWith('x:y'), username: NAME, password: PASSWORD })],
  ])('is let in with a name and a password %s, while the user `default` is off', async (_what, options) => {
    const opened = await start(options());
    const { cache } = opened;
    await opened.untilHits();
    await until(async () => cache.outcomeOf(await cache.getOrLoad('held', async () => ({ a: 1 })))?.tier === 'memory');
    expect(opened.logged).toEqual([]);
  });

  it('is let in with a password alone, which is that of the user `default`', async () => {
    await acl('SETUSER', 'default', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    const opened = await start({ url: urlWith(`:${encodeURIComponent(PASSWORD)}`) });
    await opened.untilHits();
    expect(opened.logged).toEqual([]);
  });

  it.each<[string, () => RedisOptions]>([
    ['the user `default` is off and no other is named', () => ({ url: server.url })],
    ['the password is wrong', () => ({ url: urlWith(`${NAME}:hunter2`) })],
    ['the user is not known', () => ({ url: urlWith(`nobody-here:${encodeURIComponent(PASSWORD)}`) })],
  ])('goes on without it, says why, and heals, when %s', async (fault, options) => {
    const opened = await start(options());
    await until(() => Promise.resolve(opened.logged.length > 0));
    const { hits, slowestMs } = await askFor(opened, 300);
    expect(hits).toBe(0);
    expect(slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(opened.logged).toEqual([expect.stringMatching(REFUSED)]);
    expect(opened.logged[0]).not.toMatch(/hunter2|nobody-here|127\.0\.0\.1|p@ss/);
    await acl('SETUSER', 'default', 'on', 'nopass', '~*', '&*', '+@all');
    await acl('SETUSER', NAME, '>hunter2');
    await acl('SETUSER', 'nobody-here', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    const healedMs = await opened.untilHits(HEAL_BOUND_MS);
    await acl('DELUSER', 'nobody-here');
    record(fault, slowestMs, healedMs);
  });

  it('goes on without it, says why, and heals, when its user is turned off under it', async () => {
    const opened = await start({ url: server.url, username: NAME, password: PASSWORD });
    await opened.untilHits();
    await acl('SETUSER', NAME, 'off');
    await admin.call('CLIENT', 'KILL', 'USER', NAME);
    const { slowestMs } = await askFor(opened, 300);
    expect(slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
    // What is invalidated now reaches nobody, so it is not acknowledged, and nothing older is served afterwards.
    opened.reports.version = 2;
    expect(await opened.cache.invalidate({ tag: 'reports' })).toEqual({ acknowledged: false });
    expect((await opened.viaMethod()).report.version).toBe(2);
    expect(opened.logged).toEqual([
      expect.stringMatching(/^warn redis is unavailable \((disconnected|connection-lost)\)/),
      expect.stringMatching(REFUSED),
    ]);
    await acl('SETUSER', NAME, 'on');
    const healedMs = await opened.untilHits(HEAL_BOUND_MS);
    expect((await opened.viaCache()).report.version).toBe(2);
    record('the user of the cache is turned off and its connections are ended (CLIENT KILL)', slowestMs, healedMs);
  });

  it('keeps the connections that it has when its password is changed, and is refused once they are lost', async () => {
    const opened = await start({ url: server.url, username: NAME, password: PASSWORD });
    await opened.untilHits();
    await allow('another one');
    await opened.untilHits(100);
    expect(opened.logged).toEqual([]);
    await admin.call('CLIENT', 'KILL', 'USER', NAME);
    await until(() => Promise.resolve(opened.logged.some((line) => REFUSED.test(line))));
    expect((await askFor(opened, 100)).hits).toBe(0);
    await allow(PASSWORD);
    await opened.untilHits(HEAL_BOUND_MS);
  });

  it('lets instances with the old password and with the new one work side by side', async () => {
    await acl('SETUSER', NAME, '>the next one');
    const [old, next] = [
      await start({ url: server.url, username: NAME, password: PASSWORD }),
      await CachedApp.start({ prefix: NAME, redis: { url: server.url, username: NAME, password: 'the next one' } }),
    ];
    await old.untilHits();
    await next.untilHits();
    await next.close();
  });
});

function record(fault: string, addedMs: number, healedMs: number): void {
  recordFault({
    class: 'answers',
    fault,
    caller: "the loader's answer",
    boundMs: BOUND_MS,
    addedMs,
    healedMs,
    healBoundMs: HEAL_BOUND_MS,
  });
}
