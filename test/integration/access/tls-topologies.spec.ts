import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisOptions } from '../../../src/core/policy/options.js';
import { askFor } from '../../support/asked-app.js';
import { CachedApp } from '../../support/cached-app.js';
import { CertificateAuthority } from '../../support/certificates.js';
import { recordFault } from '../../support/fault-report.js';
import { until } from '../../support/redis-kit.js';
import { TlsCluster, type TlsRedis, TlsSentinel } from '../../support/tls-redis.js';

const BOUND_MS = 100;
const SLACK_MS = 60;
const authority = new CertificateAuthority();
const certificate = authority.issue();
const trusting = { ca: authority.cert };

/** A topology, and where it is. */
interface Servers {
  readonly options: RedisOptions;
  readonly env: Readonly<Record<string, string>>;
  readonly masters: readonly TlsRedis[];
  stop(): Promise<void>;
}

async function cluster(): Promise<Servers> {
  const started = await TlsCluster.start({ authority, certificate });
  const { nodes, masters } = started;
  const env = { CACHE_REDIS_CLUSTER_NODES: nodes.join() };
  return { options: { clusterNodes: nodes }, env, masters, stop: () => started.stop() };
}

async function sentinel(): Promise<Servers> {
  const started = await TlsSentinel.start({ authority, certificate });
  const { addresses: sentinels, name: sentinelName, master } = started;
  const env = { CACHE_REDIS_SENTINELS: sentinels.join(), CACHE_REDIS_SENTINEL_NAME: sentinelName };
  return { options: { sentinels, sentinelName }, env, masters: [master], stop: () => started.stop() };
}

describe.each([
  ['a cluster', cluster],
  ['sentinels and their master', sentinel],
])('an app with %s, by TLS', (what, begin) => {
  let servers: Servers;
  let app: CachedApp;

  beforeAll(async () => {
    servers = await begin();
  }, 30_000);
  afterEach(async () => {
    await app.close();
    for (const name of Object.keys(process.env)) if (name.startsWith('CACHE_')) delete process.env[name];
  });
  afterAll(() => servers.stop());

  const start = async (redis: RedisOptions): Promise<CachedApp> => (app = await CachedApp.start({ redis }));

  /** No connection of a client came in past TLS: data, probes, what asks for the slots, and what is told of changes. */
  const usesTlsAlone = async ({ server, port }: TlsRedis): Promise<boolean> => {
    const clients = String(await server.command('CLIENT', 'LIST', 'TYPE', 'NORMAL'))
      .trim()
      .split('\n');
    const pubsub = String(await server.command('CLIENT', 'LIST', 'TYPE', 'PUBSUB'))
      .trim()
      .split('\n');
    const others = [...clients, ...pubsub].filter((line) => line !== '' && !line.includes('cmd=client|list'));
    return others.length >= 2 && others.every((line) => line.includes(`laddr=127.0.0.1:${port}`));
  };

  it('hits, hears of changes and invalidates, with what the environment says alone', async () => {
    Object.assign(process.env, servers.env, { CACHE_REDIS_TLS: 'true', CACHE_REDIS_TLS_CA_FILE: authority.certFile });
    app = await CachedApp.start({});
    const { cache, reports } = app;
    await app.untilHits();
    await until(async () => cache.outcomeOf(await cache.getOrLoad('held', async () => ({ a: 1 })))?.tier === 'memory');
    reports.version = 2;
    expect(await cache.invalidate({ tag: 'reports' })).toEqual({ acknowledged: true });
    expect((await app.viaMethod()).report.version).toBe(2);
    expect(await app.client.invalidatePattern('*')).toBeGreaterThan(0);
    for (const master of servers.masters) expect(await usesTlsAlone(master)).toBe(true);
    expect(app.logged).toEqual([]);
  });

  it.each<[string, RedisOptions, RegExp]>([
    ['without the authority', { tls: {} }, /its certificate is from an authority that is not known here/],
    ['under another name', { tls: { ...trusting, servername: 'x.internal' } }, /its certificate is for another name/],
    ['when asked in clear', {}, /it ends new connections, or lets them wait/],
  ])('is refused %s, and goes on without it', async (how, options, why) => {
    await start({ ...servers.options, ...options });
    await until(() => Promise.resolve(app.logged.length > 0));
    const { hits, slowestMs } = await askFor(app, 300);
    expect(hits).toBe(0);
    expect(slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(app.logged).toEqual([expect.stringMatching(why)]);
    expect(app.logged[0]).not.toMatch(/127\.0\.0\.1|x\.internal|\d{5}/);
    recordFault({
      class: 'unreachable',
      fault: `${what} by TLS, ${how}`,
      caller: "the loader's answer",
      boundMs: BOUND_MS,
      addedMs: slowestMs,
      healedMs: null,
      healBoundMs: null,
    });
  });
});

afterAll(() => authority.remove());
