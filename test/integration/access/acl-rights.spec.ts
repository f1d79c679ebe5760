import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Duration } from '../../../src/core/policy/duration.js';
import { type Denial, denialsIn, rightsIn, userWith } from '../../support/acl-lines.js';
import { CachedApp } from '../../support/cached-app.js';
import { everyFeature, type Found } from '../../support/every-feature.js';
import { recordFault } from '../../support/fault-report.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const RIGHTS = [...rightsIn('cache'), ...rightsIn('replicas')].filter((right) => right !== 'resetchannels');
/** What the cache may add to a call: its timeout and a turn of the event loop. */
const BOUND_MS = 100;
const SLACK_MS = 60;

/** All that ends in an entry. */
const ENTRIES = [
  'is hit',
  'is hit in memory',
  'is stored after a slow load',
  'is stored after a load that failed',
  'stays when a refresh fails',
  'is written in place of another',
  'is stored by a second instance',
];
const INVALIDATIONS = ['is invalidated by key', 'delete', 'invalidatePattern'];
const VALUES = ['set and get', 'setMany', 'getMany', 'setIfAbsent', 'delete', 'invalidatePattern'];

/** What does not come about without a right. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  '~agent-cache:*': [...ENTRIES, 'is invalidated by tag', 'is invalidated by key', ...VALUES, 'increment'],
  '&__redis__:invalidate': ['is hit in memory'],
  '+get': ['is written in place of another', 'set and get', 'increment'],
  '+mget': [...ENTRIES, 'getMany'],
  '+set': [...ENTRIES, 'is invalidated by tag', ...VALUES],
  '+unlink': INVALIDATIONS,
  '+scan': ['invalidatePattern'],
  '+eval': [...ENTRIES, 'increment'],
  '+time': ENTRIES,
  '+getrange': ENTRIES,
  // Others may take over what is loaded for more than two seconds.
  '+setrange': [],
  '+pttl': [...ENTRIES, 'increment'],
  // Versions are not kept for as long as what is stored under them.
  '+pexpire': ['increment'],
  '+incrby': ['increment'],
  '+client|id': ['is hit in memory'],
  '+client|tracking': ['is hit in memory'],
  '+subscribe': ['is hit in memory'],
  '+ping': ['healthCheck'],
  '+info': ['healthCheck'],
  // A stray reply is not found out.
  '+echo': [],
  '+wait': ['is invalidated by tag', ...INVALIDATIONS],
};

/** Lines that say which right is missing, or that changes are not told, and what to do. */
const WAY_OUT =
  /^warn (Redis refuses (\+[a-z|]+|keys with its prefix|a command that the scripts of the cache use) to the user of the cache.*redis-access\.md|memory is unavailable \(Redis does not tell of changes; give the user of the cache \+client\|id)/;

describe('the rights that the page names', () => {
  let server: RedisServer;
  let replica: RedisServer;
  let slowestMs = 0;

  beforeAll(async () => {
    server = await RedisServer.start({ args: ['--repl-diskless-sync-delay', '0'] });
    replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    await until(async () => String(await replica.command('INFO', 'replication')).includes('link_status:up'), 10_000);
    await server.command('SET', 'other-app:k', 'theirs');
  }, 30_000);
  afterAll(() => Promise.all([server.stop(), replica.stop()]));

  /** Everything that the cache does, with these rights. */
  const tryWith = async (
    rights: readonly string[],
    soonMs: number,
    timeout: Duration = '100ms',
  ): Promise<Found & { denials: Denial[] }> => {
    await server.command('FLUSHALL');
    await server.command('ACL', 'LOG', 'RESET');
    await server.command(...userWith('agent-cache', 'secret', ['resetchannels', ...rights]));
    const url = server.url.replace('//', '//agent-cache:secret@');
    const start = (): Promise<CachedApp> =>
      CachedApp.start({ prefix: 'agent-cache', redis: { url, timeout, minReplicas: 1 } });
    const found = await everyFeature(start, soonMs);
    return { ...found, denials: denialsIn(await server.command('ACL', 'LOG')) };
  };

  it('are enough for everything that the cache does, and nothing is refused', async () => {
    const { failed, logged, denials } = await tryWith(RIGHTS, 2_000, '2s');
    expect({ failed, logged, denials }).toEqual({ failed: [], logged: [[], []], denials: [] });
  });

  it.each(RIGHTS)(
    'are no more than it needs: without %s it says so once, and what needs it is left out',
    async (right) => {
      const found = await tryWith(
        RIGHTS.filter((other) => other !== right),
        100,
      );
      expect(found.denials).not.toEqual([]);
      expect([...found.failed].sort()).toEqual([...new Set(WITHOUT[right])].sort());
      expect(found.slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
      slowestMs = Math.max(slowestMs, found.slowestMs);
      const lines = found.logged.flat();
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toMatch(WAY_OUT);
      // Where a script is refused, the server may not say which command it was.
      for (const ofOneApp of found.logged) {
        expect(new Set(ofOneApp).size).toBe(ofOneApp.length);
        expect(ofOneApp.length).toBeLessThanOrEqual(2);
      }
      expect(lines.join()).not.toMatch(/secret|127\.0\.0\.1|agent-cache:/);
    },
  );

  it('heals as soon as the right is there', async () => {
    await server.command('FLUSHALL');
    await server.command(
      ...userWith(
        'agent-cache',
        'secret',
        RIGHTS.filter((right) => right !== '+eval'),
      ),
    );
    const url = server.url.replace('//', '//agent-cache:secret@');
    const app = await CachedApp.start({ prefix: 'agent-cache', redis: { url } });
    expect((await app.viaCache()).isHit).toBe(false);
    await until(() => Promise.resolve(app.logged.length > 0));
    await server.command('ACL', 'SETUSER', 'agent-cache', '+eval');
    const healedMs = await app.untilHits(500);
    expect(app.logged).toHaveLength(1);
    await app.close();
    recordFault({
      class: 'answers',
      fault: 'the ACL lacks a right that the cache needs (NOPERM), each in turn',
      caller: "the loader's answer, or the cache's where it needs no such right",
      boundMs: BOUND_MS,
      addedMs: slowestMs,
      healedMs,
      healBoundMs: 500,
    });
  });

  it('reach no key of another app', async () => {
    await server.command('SET', 'other-app:k', 'theirs');
    await server.command(...userWith('agent-cache', 'secret', RIGHTS));
    const url = server.url.replace('//', '//agent-cache:secret@');
    const intruder = await CachedApp.start({ prefix: 'other-app', redis: { url } });
    expect(await intruder.client.get('k')).toBeNull();
    expect(await intruder.client.set('k', 'ours')).toBe(false);
    expect(await intruder.client.delete('k')).toBe(false);
    expect(await intruder.client.invalidatePattern('*')).toBe(0);
    await intruder.close();
    expect(String(await server.command('GET', 'other-app:k'))).toBe('theirs');
  });

  it('need one more for another database', async () => {
    const url = `${server.url.replace('//', '//agent-cache:secret@')}/1`;
    await server.command(...userWith('agent-cache', 'secret', RIGHTS));
    const app = await CachedApp.start({ prefix: 'agent-cache', redis: { url } });
    await until(() => Promise.resolve(app.logged.length > 1));
    expect((await app.viaCache()).isHit).toBe(false);
    expect(app.logged).toEqual([
      expect.stringContaining('Redis refuses +select to the user of the cache'),
      expect.stringContaining('its ACL forbids the user of the cache to connect'),
    ]);
    await server.command('ACL', 'SETUSER', 'agent-cache', ...rightsIn('database'));
    await app.untilHits(2_500);
    await app.close();
  });

  it('stand on the page, each with what it is for', () => {
    const page = readFileSync('docs/concepts/redis-access.md', 'utf8');
    const cells = [...page.matchAll(/^\| (`[~&+].*?) \| .{10,} \| .{5,} \|$/gm)].map(([, cell = '']) => cell);
    const named = cells.flatMap((cell) =>
      [...cell.replaceAll('\\|', '|').matchAll(/`([^`]+)`/g)].map(([, right]) => right),
    );
    const lines = (['cache', 'replicas', 'database', 'cluster', 'sentinel'] as const).flatMap(rightsIn);
    for (const right of lines.filter((rule) => rule !== 'resetchannels')) expect(named).toContain(right);
    for (const right of named) expect(lines).toContain(right);
  });
});
