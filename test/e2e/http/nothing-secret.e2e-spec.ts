import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable } from '@nestjs/common';
import { AgentCache, Cacheable, CacheClient, type CacheModuleOptions, CacheScope } from '../../../src/index.js';
import { FakeRedisServer } from '../../support/fake-redis-server.js';
import { HTTP_FRAMEWORKS } from '../../support/http-frameworks.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisServer } from '../../support/redis-server.js';
import { AdminApp, TOKEN } from './admin-app.js';

/** In every secret, address and key of these tests, and nowhere else. */
const MARKS = /.{0,60}(?:secret|127\.0\.0\.1|10\.9\.8\.7|\.invalid).{0,60}/gi;
/** What of it is shown, with what stands around it. */
const marksIn = (said: string): string[] => said.match(MARKS) ?? [];
const USER = 'secret-user';
const PASSWORD = 'secret-password';

@Injectable()
class Reports {
  constructor(
    @Inject(AgentCache) private readonly cache: AgentCache,
    @Inject(CacheClient) private readonly client: CacheClient,
    @Inject(CacheScope) private readonly scope: CacheScope,
  ) {}

  @Cacheable({ namespace: 'reports', tags: ['secret-tag'] })
  read(id: string): Promise<{ text: string }> {
    return Promise.resolve({ text: `secret-text of ${id}` });
  }

  /** All the ways by which a key, an id or a value comes to the cache. */
  async useAll(): Promise<void> {
    const load = async (): Promise<string> => 'secret-value';
    for (let time = 0; time < 2; time++) {
      await this.read('secret-argument');
      for (const key of ['secret-key', ':secret-key', 'report:secret-key', 'report%3A:secret-key', '%zz:secret-key']) {
        await this.cache.getOrLoad(key, load, { tags: ['secret-tag'], vary: 'secret-vary' });
      }
      await this.scope.run({ tenant: 'secret-tenant' }, () => this.cache.getOrLoad('report:secret-key', load));
      await this.cache.getOrLoad('report:secret-odd', async () => () => 'secret-function');
      await this.cache.getOrLoad('report:secret-fails', () => Promise.reject(new Error('secret-error'))).catch(() => 0);
      await this.client.set('secret-client-key', 'secret-value');
      await this.client.get('secret-client-key');
      await this.client.delete('secret-client-key');
      await this.client.invalidatePattern('secret-pattern*');
      for (const target of [{ tag: 'secret-tag' }, { key: 'report:secret-key' }, { pattern: 'secret-*' }]) {
        await this.cache.invalidate(target);
      }
    }
  }
}

@Controller('work')
class Work {
  constructor(@Inject(Reports) private readonly reports: Reports) {}

  @Get()
  async work(): Promise<string> {
    await this.reports.useAll();
    return 'done';
  }
}

/** A Redis that answers every command but those of the handshake with these words. */
const saying = (words: string) => (command: readonly string[]) =>
  ['HELLO', 'CLIENT', 'INFO', 'SELECT', 'AUTH', 'ECHO', 'PING'].includes(command[0] ?? '')
    ? undefined
    : `-${words}\r\n`;

describe.each(HTTP_FRAMEWORKS)('what health, metrics, headers and log show on %s', (framework) => {
  let admin: AdminApp | undefined;
  let fake: FakeRedisServer | undefined;

  afterEach(async () => {
    await admin?.close();
    await fake?.stop();
    admin = fake = undefined;
  });

  /** All that an app on that Redis says of itself, while it is used. */
  async function saidBy(
    redis: NonNullable<CacheModuleOptions['redis']>,
    meanwhile?: () => Promise<unknown>,
  ): Promise<string> {
    const http = { admin: { limit: 100 } };
    const rest = { controllers: [Work], providers: [Reports] };
    const cache = { redis: { ...redis, timeout: '50ms', connectTimeout: '300ms' } } as CacheModuleOptions;
    admin = await AdminApp.start(framework, { token: TOKEN, http, cache, rest });
    const answers: string[] = [];
    for (const round of [1, 2]) {
      if (round === 2) await meanwhile?.();
      for (const path of ['/work', '/cache/health', '/cache/metrics', '/nowhere']) {
        const { text, headers } = await admin.client().get(path);
        // Of the framework's, such as the length of the body.
        const { date: _date, etag: _etag, ...shown } = headers as Record<string, string>;
        answers.push(path, text, JSON.stringify(shown));
      }
      for (const request of [
        admin.post({ tag: 'secret-tag' }),
        admin.post({ pattern: 'secret-*', allowPattern: true }),
        admin.post({ key: 'secret-key', tenant: 'secret-tenant' }),
        admin.post({ 'secret-field': 'secret-text' }),
        admin.post({ tag: 'secret-tag' }, 'secret-token-that-is-wrong'),
        admin.explain({ key: 'secret-key' }, 'secret-token-that-is-wrong'),
      ]) {
        const { text, headers } = await request;
        answers.push(text, JSON.stringify({ ...(headers as object), date: '', etag: '' }));
      }
    }
    return [...answers, ...admin.logged.filter((line) => !/ (Router|Routes|Nest|Instance)\w* /.test(line))].join('\n');
  }

  it('nothing secret, in memory alone', async () => {
    const said = await saidBy({ url: '' });
    expect(said).toContain('"reports"');
    expect(marksIn(said)).toEqual([]);
  });

  it('nothing secret, with a Redis that asks for a password, and then is gone', async () => {
    const server = await RedisServer.start({ args: ['--requirepass', PASSWORD] });
    try {
      const said = await saidBy({ url: `redis://:${PASSWORD}@127.0.0.1:${server.port}` }, () => server.kill());
      expect(said).toMatch(/"connected":true[^]*"connected":false/);
      expect(said).toContain('redis is unavailable');
      expect(marksIn(said)).toEqual([]);
      expect(said).not.toContain(`:${server.port}`);
    } finally {
      await server.stop();
    }
  });

  it('would be caught if a key, an address or a password were shown', async () => {
    const said = await saidBy({ url: '' });
    for (const secret of ['secret-key', `redis://:${PASSWORD}@127.0.0.1`, '10.9.8.7:6379']) {
      expect(marksIn(`${said}${secret}`)).toHaveLength(1);
    }
  });

  // What Redis says does not depend on what serves HTTP.
  if (framework !== HTTP_FRAMEWORKS[0]) return;

  describe('whatever Redis says', () => {
    it.each<[string, NonNullable<CacheModuleOptions['redis']>]>([
      ['that refuses', { url: `redis://${USER}:${PASSWORD}@127.0.0.1:1` }],
      ['whose name nobody knows', { url: `redis://${USER}:${PASSWORD}@secret-host.invalid:6379` }],
      ['that is a cluster nobody knows', { clusterNodes: ['secret-node.invalid:6379'], password: PASSWORD }],
      [
        'whose sentinels nobody knows',
        { sentinels: ['secret-sentinel.invalid:26379'], sentinelName: 'secret-master', sentinelPassword: PASSWORD },
      ],
    ])('nothing secret, with a Redis %s', async (_what, redis) => {
      const said = await saidBy(redis);
      expect(said).toContain('"connected":false');
      expect(marksIn(said)).toEqual([]);
    });

    it.each([
      `ERR unknown user ${USER} at 10.9.8.7:6379`,
      'MOVED 866 10.9.8.7:6379',
      'ASK 866 secret-node.invalid:6379',
      'MISCONF cannot write to /secret-folder/dump.rdb on 10.9.8.7',
      "NOPERM User secret-user has no permissions to access the 'secret-key' key",
      'WRONGTYPE secret-key',
    ])('nothing secret, with a Redis that answers: %s', async (words) => {
      fake = await FakeRedisServer.start(saying(words));
      const said = await saidBy({ url: `redis://${USER}:${PASSWORD}@127.0.0.1:${fake.port}` });
      expect(marksIn(said)).toEqual([]);
      expect(said).not.toContain(`:${fake.port}`);
    });

    it('nothing secret, with a Redis that refuses the password', async () => {
      fake = await FakeRedisServer.start(([name]) =>
        name === 'AUTH' ? `-WRONGPASS ${USER} of secret-host.invalid at 10.9.8.7\r\n` : undefined,
      );
      const said = await saidBy({ url: `redis://${USER}:${PASSWORD}@127.0.0.1:${fake.port}` });
      expect(said).toContain('"connected":false');
      expect(marksIn(said)).toEqual([]);
    });

    it('nothing secret, with a Redis that names places in what it says of its memory', async () => {
      const info = 'used_memory:1\r\nmaxmemory:2\r\nmaxmemory_policy:secret-policy at 10.9.8.7\r\n';
      fake = await FakeRedisServer.start(([name]) => (name === 'INFO' ? `$${info.length}\r\n${info}\r\n` : undefined));
      admin = await AdminApp.start(framework, { cache: { redis: { url: fake.url } } });
      const { body } = await admin.client().get('/cache/health').expect(200);
      expect(body).toMatchObject({ connected: true, memory: { usedBytes: 1, maxBytes: 2, evictionPolicy: null } });
      expect(marksIn(JSON.stringify(body))).toEqual([]);
    });

    describe('with a cluster', () => {
      let cluster: RedisCluster;
      beforeAll(async () => void (cluster = await RedisCluster.start(3)));
      afterAll(() => cluster.stop());

      it('nothing secret, whole and with a node away', async () => {
        const said = await saidBy({ clusterNodes: cluster.nodes }, async () => cluster.masters[1]?.kill());
        expect(said).toMatch(/"nodes":\{"total":3,"ready":3\}/);
        expect(marksIn(said)).toEqual([]);
        for (const { port } of cluster.masters) expect(said).not.toContain(`:${port}`);
      });
    });
  });
});
