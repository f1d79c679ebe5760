import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, type INestApplication, Query } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { CacheHttpModule, QueryMeter } from '../../../src/http.js';
import { Cacheable, CacheModule, type CacheModuleOptions } from '../../../src/index.js';
import { HTTP_FRAMEWORKS, startHttpApp } from '../../support/http-frameworks.js';
import { RedisServer } from '../../support/redis-server.js';
import { parseMembers } from '../../support/structured-field.js';

/** Nothing of the surrounding environment: memory only unless a test says otherwise. */
const MEMORY: CacheModuleOptions = { redis: { url: '' } };

@Injectable()
class Prices {
  isAway = false;

  constructor(@Inject(QueryMeter) private readonly meter: QueryMeter) {}

  @Cacheable({ namespace: 'prices', ttl: '1m' })
  of(item: string): Promise<{ item: string; price: number }> {
    return this.meter.measure(() => Promise.resolve({ item, price: 5 }));
  }

  @Cacheable({ namespace: 'fading', ttl: '1ms', grace: '1m' })
  fading(): Promise<{ price: number }> {
    return this.meter.measure(() => {
      if (this.isAway) throw new Error('database away');
      return { price: 5 };
    });
  }

  @Cacheable({ namespace: 'broken', ttl: '1m' })
  broken(): Promise<never> {
    return this.meter.measure(() => Promise.reject(new Error('database away')));
  }
}

@Controller('prices')
class PricesController {
  constructor(@Inject(Prices) private readonly prices: Prices) {}

  @Get()
  async of(@Query('items') items: string): Promise<unknown> {
    return Promise.all(items.split(',').map((item) => this.prices.of(item)));
  }

  @Get('fading')
  fading(@Query('away') away: string): Promise<unknown> {
    this.prices.isAway = away === 'yes';
    return this.prices.fading();
  }

  @Get('broken')
  broken(): Promise<never> {
    return this.prices.broken();
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 5_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('did not come to pass within 5 s');
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe.each(HTTP_FRAMEWORKS)('CacheHttpModule on a real cache and %s', (framework) => {
  let app: INestApplication | undefined;
  let server: RedisServer | undefined;

  async function start(options: CacheModuleOptions): Promise<ReturnType<typeof request>> {
    const imports = [CacheModule.forRoot(options), CacheHttpModule];
    const module = await Test.createTestingModule({
      imports,
      controllers: [PricesController],
      providers: [Prices],
    }).compile();
    app = await startHttpApp(module, framework);
    return request(app.getHttpServer());
  }

  afterEach(async () => {
    await app?.close();
    app = undefined;
    await server?.stop();
    server = undefined;
  });

  it('shows a miss that is stored, and then a hit that asks no database', async () => {
    const client = await start(MEMORY);
    const first = await client.get('/prices?items=a').expect(200);
    const second = await client.get('/prices?items=a').expect(200);
    expect(second.body).toEqual(first.body);
    expect(parseMembers(first.headers['cache-status'] as string)[0]?.parameters).toMatchObject({
      fwd: 'miss',
      stored: true,
      detail: 'prices',
    });
    expect(parseMembers(second.headers['cache-status'] as string)[0]?.parameters).toMatchObject({
      hit: true,
      detail: 'prices',
    });
    expect([first.headers['x-query-count'], second.headers['x-query-count']]).toEqual(['1', '0']);
  });

  it('tells the outcomes of calls that run side by side', async () => {
    const client = await start(MEMORY);
    await client.get('/prices?items=a,b').expect(200);
    const { headers } = await client.get('/prices?items=a,b,c,d,e').expect(200);
    const details = parseMembers(headers['cache-status'] as string).map(({ parameters }) => parameters['detail']);
    expect(details.sort()).toEqual(['prices x2', 'prices x3']);
    expect(headers['x-query-count']).toBe('3');
  });

  it('adds the headers to a request whose loader failed, and stores nothing', async () => {
    const client = await start(MEMORY);
    const { headers } = await client.get('/prices/broken').expect(500);
    expect(parseMembers(headers['cache-status'] as string)[0]?.parameters).toEqual({ fwd: 'miss', detail: 'broken' });
    expect(headers['x-query-count']).toBe('1');
  });

  it('tells once of a call that was answered past its time to live, and of one that found such an entry', async () => {
    const client = await start(MEMORY);
    const detailsOf = async (away: string): Promise<unknown[]> => {
      const { headers, body } = await client.get(`/prices/fading?away=${away}`).expect(200);
      expect(body).toEqual({ price: 5 });
      return parseMembers(headers['cache-status'] as string).map(({ parameters }) => parameters);
    };
    expect(await detailsOf('no')).toEqual([{ fwd: 'miss', stored: true, detail: 'fading' }]);
    expect(await detailsOf('no')).toEqual([{ fwd: 'stale', stored: true, detail: 'fading' }]);
    expect(await detailsOf('yes')).toEqual([{ fwd: 'stale', detail: 'fading answered-stale' }]);
  });

  it('reports health and metrics in memory mode', async () => {
    const client = await start(MEMORY);
    for (let index = 0; index < 3; index++) await client.get('/prices?items=a').expect(200);
    const health = await client.get('/cache/health').expect(200);
    expect(health.body).toMatchObject({ enabled: true, mode: 'memory', hits: 2, misses: 1 });
    const { body } = await client.get('/cache/metrics').expect(200);
    expect(body).toMatchObject({
      totalRequests: 3,
      hitRatePercent: 66.67,
      redisConnected: false,
      categories: { prices: { hits: 2, misses: 1, sets: 1 } },
      latency: { get: { count: 3 }, set: { count: 1 }, load: { count: 1 } },
      advice: null,
    });
  });

  it('says so when the cache is disabled, and every call bypasses it', async () => {
    const client = await start({ ...MEMORY, enabled: false });
    const { headers } = await client.get('/prices?items=a').expect(200);
    expect(headers['cache-status']).not.toMatch(/hit|stored/);
    expect((await client.get('/cache/health').expect(200)).body).toMatchObject({ enabled: false });
  });

  it('answers 200 with connected: false while Redis is away, and shows no address or password', async () => {
    server = await RedisServer.start({ args: ['--requirepass', 'hunter2'] });
    const client = await start({ redis: { url: `redis://:hunter2@127.0.0.1:${server.port}` } });
    const isConnected = async (): Promise<boolean> => {
      const { body } = await client.get('/cache/metrics').expect(200);
      return (body as { redisConnected: boolean }).redisConnected;
    };
    await until(isConnected);
    await client.get('/prices?items=a').expect(200);
    const { headers } = await client.get('/prices?items=a').expect(200);
    expect(headers['cache-status']).toContain('hit');
    expect((await client.get('/cache/health').expect(200)).body).toMatchObject({ connected: true, mode: 'standalone' });

    await server.kill();
    await until(async () => !(await isConnected()));
    const { text } = await client.get('/cache/health').expect(200);
    expect(JSON.parse(text)).toMatchObject({ enabled: true, connected: false, mode: 'standalone' });
    expect(text).not.toMatch(/127\.0\.0\.1|hunter2/);
    expect((await client.get('/prices?items=a').expect(200)).body).toEqual([{ item: 'a', price: 5 }]);
  });
});
