import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { RedisOptions } from '../../../src/core/policy/options.js';
import { askFor } from '../../support/asked-app.js';
import { CachedApp } from '../../support/cached-app.js';
import { CertificateAuthority } from '../../support/certificates.js';
import { recordFault } from '../../support/fault-report.js';
import { until } from '../../support/redis-kit.js';
import { freePort } from '../../support/redis-server.js';
import { TlsRedis } from '../../support/tls-redis.js';

const BOUND_MS = 100;
const SLACK_MS = 60;
/** A server that has refused is asked again every two seconds at least. */
const HEAL_BOUND_MS = 2_500;
const HOUR_MS = 3_600_000;

const authority = new CertificateAuthority();
const stranger = new CertificateAuthority('somebody else');
const own = authority.issue();
const strange = stranger.issue();
const expired = authority.issue({ from: new Date(Date.now() - 2 * HOUR_MS), until: new Date(Date.now() - HOUR_MS) });
const future = authority.issue({ from: new Date(Date.now() + HOUR_MS), until: new Date(Date.now() + 2 * HOUR_MS) });
const elsewhere = authority.issue({ names: ['cache.internal'] });

/** A server that takes connections and keeps what it is sent. */
async function listener(): Promise<{ heard: Buffer[]; port: number; close: () => void }> {
  const heard: Buffer[] = [];
  const server = createServer((socket) => socket.on('data', (piece) => void heard.push(piece)).on('error', () => {}));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { heard, port, close: () => void server.close() };
}

describe('an app whose Redis speaks TLS', () => {
  let redis: TlsRedis;
  let app: CachedApp | null = null;

  beforeAll(async () => {
    redis = await TlsRedis.start({ authority, certificate: own });
  });
  beforeEach(async () => {
    await redis.present(own);
    await redis.askClients(false);
    await redis.server.command('FLUSHALL');
  });
  afterEach(async () => {
    await app?.close();
    app = null;
    for (const name of Object.keys(process.env)) if (/^(REDIS_URL|CACHE_)/.test(name)) delete process.env[name];
  });
  afterAll(async () => {
    await redis.stop();
    for (const one of [authority, stranger]) one.remove();
  });

  const start = async (options: RedisOptions): Promise<CachedApp> => (app = await CachedApp.start({ redis: options }));
  const startFrom = async (env: Record<string, string>): Promise<CachedApp> => {
    Object.assign(process.env, env);
    return (app = await CachedApp.start({}));
  };
  const trusting = { ca: authority.cert };
  const files = (ca = authority.certFile): Record<string, string> => ({
    REDIS_URL: redis.url,
    CACHE_REDIS_TLS_CA_FILE: ca,
  });

  /** Everything goes by TLS: data, probes, and what is told of changes. */
  const usesTlsAlone = async (): Promise<boolean> => {
    const clients = String(await redis.server.command('CLIENT', 'LIST'))
      .trim()
      .split('\n');
    const others = clients.filter((line) => !line.includes('cmd=client|list'));
    return others.length >= 2 && others.every((line) => line.includes(`laddr=127.0.0.1:${redis.port}`));
  };

  it.each<[string, () => Promise<CachedApp>]>([
    ['the environment', () => startFrom(files())],
    ['code', () => start({ url: redis.url, tls: trusting })],
  ])('hits, hears of changes and invalidates, with an authority that %s names', async (_what, open) => {
    const opened = await open();
    const { cache, client, reports } = opened;
    await opened.untilHits();
    await until(async () => cache.outcomeOf(await cache.getOrLoad('held', async () => ({ a: 1 })))?.tier === 'memory');
    reports.version = 2;
    expect(await cache.invalidate({ tag: 'reports' })).toEqual({ acknowledged: true });
    expect((await opened.viaMethod()).report.version).toBe(2);
    expect(await client.healthCheck()).toMatchObject({ connected: true, mode: 'standalone' });
    expect(await usesTlsAlone()).toBe(true);
    expect(opened.logged).toEqual([]);
  });

  it('shows a certificate of its own where Redis asks for one', async () => {
    await redis.askClients(true);
    const { certFile, keyFile } = authority.issue();
    const opened = await startFrom({
      ...files(),
      CACHE_REDIS_TLS_CERT_FILE: certFile,
      CACHE_REDIS_TLS_KEY_FILE: keyFile,
    });
    await opened.untilHits();
    expect(await usesTlsAlone()).toBe(true);
  });

  it('finds the name that the certificate has where code says which', async () => {
    await redis.present(elsewhere);
    const opened = await start({ url: redis.url, tls: { ...trusting, servername: 'cache.internal' } });
    await opened.untilHits();
  });

  const AUTHORITY = 'its certificate is from an authority that is not known here';
  const VALIDITY = 'its certificate has expired, or is not valid yet';
  const NAME = 'its certificate is for another name';
  /** What is seen of a refused certificate depends on what arrives first: the alert, or the end of the connection. */
  const CLIENT = /TLS could not be agreed on|it ends new connections/;

  it.each<[string, string | RegExp, () => Promise<unknown>, RedisOptions, () => Promise<unknown>]>([
    [
      'the certificate of Redis is from an unknown authority',
      AUTHORITY,
      () => redis.present(strange),
      { tls: trusting },
      () => redis.present(own),
    ],
    [
      'the certificate of Redis has expired',
      VALIDITY,
      () => redis.present(expired),
      { tls: trusting },
      () => redis.present(own),
    ],
    [
      'the certificate of Redis is not valid yet',
      VALIDITY,
      () => redis.present(future),
      { tls: trusting },
      () => redis.present(own),
    ],
    [
      'the certificate of Redis is for another name',
      NAME,
      () => redis.present(elsewhere),
      { tls: trusting },
      () => redis.present(own),
    ],
    [
      'Redis asks for a certificate that the app does not have',
      CLIENT,
      () => redis.askClients(true),
      { tls: trusting },
      () => redis.askClients(false),
    ],
    [
      'Redis does not know the authority of the certificate of the app',
      CLIENT,
      () => redis.askClients(true),
      { tls: { ...trusting, cert: strange.cert, key: strange.key } },
      () => redis.askClients(false),
    ],
    [
      'the certificate of the app has expired',
      CLIENT,
      () => redis.askClients(true),
      { tls: { ...trusting, cert: expired.cert, key: expired.key } },
      () => redis.askClients(false),
    ],
  ])('goes on without it, says why, and heals, when %s', async (fault, why, break_, options, mend) => {
    await break_();
    const opened = await start({ url: redis.url, ...options });
    await until(() => Promise.resolve(opened.logged.length > 0));
    const { hits, slowestMs } = await askFor(opened, 300);
    expect(hits).toBe(0);
    expect(slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(opened.logged).toEqual([expect.stringMatching(/^warn redis is unavailable \(/)]);
    expect(opened.logged[0]).toMatch(why);
    expect(opened.logged[0]).not.toMatch(/127\.0\.0\.1|cache\.internal|CERTIFICATE|\d{5}/);
    await mend();
    const healedMs = await opened.untilHits(HEAL_BOUND_MS);
    expect(opened.logged.slice(1)).toEqual([expect.stringMatching(/^log redis is available again/)]);
    recordFault({
      class: 'unreachable',
      fault,
      caller: "the loader's answer",
      boundMs: BOUND_MS,
      addedMs: slowestMs,
      healedMs,
      healBoundMs: HEAL_BOUND_MS,
    });
  });

  it('trusts nobody whom it was not told to trust', async () => {
    const opened = await start({ url: redis.url });
    await until(() => Promise.resolve(opened.logged.length > 0));
    expect(opened.logged).toEqual([expect.stringContaining(AUTHORITY)]);
    expect((await askFor(opened, 100)).hits).toBe(0);
  });

  it('would be caught: an app that trusts everybody', async () => {
    await redis.present(expired);
    const opened = await start({ url: redis.url, tls: { rejectUnauthorized: false } });
    await opened.untilHits();
  });

  it('connects again when Redis has a new certificate', async () => {
    const opened = await startFrom(files());
    await opened.untilHits();
    await redis.present(authority.issue());
    await redis.dropClients();
    await until(() => Promise.resolve(opened.tierChanges.length > 0));
    const healedMs = await opened.untilHits(1_000);
    const { slowestMs } = await askFor(opened, 100);
    expect(slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(opened.logged.filter((line) => !line.startsWith('log'))).toHaveLength(1);
    recordFault({
      class: 'unreachable',
      fault: 'Redis is given a new certificate and ends all connections',
      caller: "the loader's answer, or a hit",
      boundMs: BOUND_MS,
      addedMs: slowestMs,
      healedMs,
      healBoundMs: 1_000,
    });
  });

  it('says so besides when the new certificate is one that it refuses', async () => {
    const opened = await startFrom(files());
    await opened.untilHits();
    await redis.present(expired);
    await redis.dropClients();
    await until(() => Promise.resolve(opened.logged.length > 1));
    await askFor(opened, 300);
    expect(opened.logged).toEqual([expect.stringContaining('(disconnected)'), expect.stringContaining(VALIDITY)]);
    expect(opened.tierChanges).toEqual(['tierFailed redis', 'tierFailed redis']);
    await redis.present(own);
    await opened.untilHits(HEAL_BOUND_MS);
  });

  it('reads its files anew with every connection', async () => {
    const ca = authority.write('mounted.crt', stranger.cert);
    const opened = await startFrom(files(ca));
    await until(() => Promise.resolve(opened.logged.length > 0));
    expect(opened.logged).toEqual([expect.stringContaining(AUTHORITY)]);
    writeFileSync(ca, authority.cert);
    await opened.untilHits(HEAL_BOUND_MS);
  });

  it('keeps what a file held when it cannot be read any more', async () => {
    const ca = authority.write('gone.crt', authority.cert);
    const opened = await startFrom(files(ca));
    await opened.untilHits();
    authority.erase('gone.crt');
    await redis.dropClients();
    await opened.untilHits(HEAL_BOUND_MS);
  });

  it('does not wait for a server at a TLS address that does not speak it, and says nothing in clear', async () => {
    const { heard, port, close } = await listener();
    const url = `rediss://me:hunter2@127.0.0.1:${port}`;
    const opened = await start({ url, connectTimeout: '100ms' });
    await until(() => Promise.resolve(opened.logged.length > 0));
    const { hits, slowestMs } = await askFor(opened, 300);
    expect(hits).toBe(0);
    expect(slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(opened.logged).toEqual([expect.stringMatching(/it ends new connections, or lets them wait.*rediss:\/\//)]);
    // The handshake of TLS begins with the byte 22, and nothing else was ever sent.
    expect(heard.length).toBeGreaterThan(0);
    for (const piece of heard) expect(piece[0]).toBe(22);
    expect(Buffer.concat(heard).toString('latin1')).not.toMatch(/hunter2|HELLO|AUTH/i);
    await opened.close();
    app = null;
    close();
    recordFault({
      class: 'unreachable',
      fault: 'a server without TLS at a rediss:// address',
      caller: "the loader's answer",
      boundMs: BOUND_MS,
      addedMs: slowestMs,
      healedMs: null,
      healBoundMs: null,
    });
  });

  it('would be caught: a client that speaks in clear', async () => {
    const { heard, port, close } = await listener();
    await start({ url: `redis://me:hunter2@127.0.0.1:${port}`, connectTimeout: '100ms' });
    await until(() => Promise.resolve(heard.length > 0));
    expect(heard[0]?.[0]).not.toBe(22);
    expect(Buffer.concat(heard).toString('latin1')).toContain('hunter2');
    await app?.close();
    app = null;
    close();
  });

  it('does not wait for a server that speaks TLS at an address without it', async () => {
    const opened = await start({ url: redis.url.replace('rediss', 'redis') });
    await until(() => Promise.resolve(opened.logged.length > 0));
    const { hits, slowestMs } = await askFor(opened, 300);
    expect(hits).toBe(0);
    expect(slowestMs).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(opened.logged).toEqual([expect.stringMatching(/it ends new connections, or lets them wait.*rediss:\/\//)]);
    recordFault({
      class: 'unreachable',
      fault: 'a server with TLS at a redis:// address',
      caller: "the loader's answer",
      boundMs: BOUND_MS,
      addedMs: slowestMs,
      healedMs: null,
      healBoundMs: null,
    });
  });

  it('never does without TLS once code asks for it, whatever the URL says', async () => {
    const opened = await start({ url: redis.server.url, tls: trusting, connectTimeout: '100ms' });
    await until(() => Promise.resolve(opened.logged.length > 0));
    expect((await askFor(opened, 100)).hits).toBe(0);
  });
});
