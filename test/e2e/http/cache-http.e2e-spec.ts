import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  type INestApplication,
  Module,
  type ModuleMetadata,
  Param,
  ParseIntPipe,
  Post,
  Res,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Server, ServerResponse } from 'node:http';
import { of } from 'rxjs';
import request from 'supertest';
import { AgentCache } from '../../../src/core/cache.js';
import { CacheClient } from '../../../src/core/cache-client.js';
import { CacheEventBus } from '../../../src/core/events.js';
import { CacheHttpInterceptor, CacheHttpModule, QueryMeter } from '../../../src/http.js';
import { rawResponseOf } from '../../../src/nest/http/before-headers.js';
import type { RequestRecord } from '../../../src/nest/http/request-record.js';
import { RequestTrace } from '../../../src/nest/http/request-trace.js';
import { CacheMetrics } from '../../../src/observability/cache-metrics.js';
import { connectMetrics } from '../../../src/observability/connect-metrics.js';
import { HTTP_FRAMEWORKS, startHttpApp } from '../../support/http-frameworks.js';
import { parseMembers } from '../../support/structured-field.js';

/** What the handlers here use of the responses of Express and Fastify alike. */
interface AnyResponse {
  status(code: number): AnyResponse;
  send(body: string): void;
}
type Importable = NonNullable<ModuleMetadata['imports']>[number];

const rawOf = (response: AnyResponse): ServerResponse => rawResponseOf(response) as ServerResponse;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

@Injectable()
class Refuse implements CanActivate {
  constructor(@Inject(CacheEventBus) private readonly events: CacheEventBus) {}

  canActivate(): boolean {
    this.events.emit('hit', { category: 'permissions', key: 'k', ms: 0.1, tier: 'redis', ageMs: 1, savedMs: 0 });
    return false;
  }
}

/** Does what an app does: asks the cache and a database, in ways that end differently. */
@Controller('work')
class Work {
  constructor(
    @Inject(CacheEventBus) private readonly events: CacheEventBus,
    @Inject(QueryMeter) private readonly meter: QueryMeter,
  ) {}

  @Get('nothing')
  nothing(): string {
    return 'nothing';
  }

  @Get('mixed/:queries')
  async mixed(@Param('queries', ParseIntPipe) queries: number): Promise<string> {
    this.events.emit('hit', {
      category: 'context',
      key: 'context:secret',
      tier: 'redis',
      ms: 0.1,
      ageMs: 1,
      savedMs: 9,
      ttlLeftMs: 61_000,
    });
    await pause(5);
    this.events.emit('miss', { category: 'tool', key: 'tool:secret', ms: 0.2, reason: 'absent' });
    for (let index = 0; index < queries; index++) await this.meter.measure(() => pause(5));
    this.events.emit('load', { category: 'tool', key: 'tool:secret', ms: 5, ok: true });
    this.events.emit('set', { category: 'tool', key: 'tool:secret', ms: 0.3, bytes: 10 });
    this.events.emit('bypass', { category: 'tool', reason: 'not-read-only' });
    return 'mixed';
  }

  @Post('saved')
  saved(@Body() body: { text: string }): Promise<number> {
    return this.meter.measure(() => body.text.length);
  }

  @Get('fails')
  async fails(): Promise<never> {
    await this.meter.measure(() => pause(1));
    this.events.emit('hit', { category: 'tool', key: 'k', ms: 0.1, tier: 'redis', ageMs: 1, savedMs: 0 });
    throw new Error('broken');
  }

  @Get('rejects')
  rejects(): never {
    this.events.emit('hit', { category: 'tool', key: 'k', ms: 0.1, tier: 'redis', ageMs: 1, savedMs: 0 });
    throw new BadRequestException('no');
  }

  @Get('raw')
  raw(@Res() response: AnyResponse): void {
    this.events.emit('hit', { category: 'tool', key: 'k', ms: 0.1, tier: 'redis', ageMs: 1, savedMs: 0 });
    response.status(202).send('raw');
  }

  @Get('stream')
  stream(@Res() response: AnyResponse): void {
    const raw = rawOf(response);
    raw.write('a');
    raw.write('b');
    this.events.emit('hit', { category: 'late', key: 'k', ms: 0.1, tier: 'redis', ageMs: 1, savedMs: 0 });
    raw.end('c');
  }

  @Get('own-headers')
  ownHeaders(@Res() response: AnyResponse): void {
    const raw = rawOf(response);
    raw.setHeader('Cache-Status', 'origin; hit');
    raw.setHeader('Server-Timing', ['auth;dur=1', 'app;dur=2']);
    raw.end('own');
  }

  @Get('given-headers')
  givenHeaders(@Res() response: AnyResponse): void {
    rawOf(response).writeHead(200, { 'Cache-Status': 'origin; hit', 'Server-Timing': 'auth;dur=1' }).end('given');
  }

  @Get('refused')
  @UseGuards(Refuse)
  refused(): string {
    return 'never';
  }
}

@Controller('chosen')
@UseInterceptors(CacheHttpInterceptor)
class Chosen {
  constructor(@Inject(QueryMeter) private readonly meter: QueryMeter) {}

  @Get()
  async chosen(): Promise<string> {
    const answer = this.meter.measure(() => 'chosen');
    await pause(1);
    return this.meter.measure(() => answer);
  }
}

/** Content types that a framework refuses. */
const UNREADABLE: Record<string, string> = { Express: 'application/json; charset=unknown', Fastify: 'text/unknown' };
const preflight = (client: ReturnType<typeof request>): request.Test =>
  client.options('/api/work/nothing').set('Origin', 'http://other').set('Access-Control-Request-Method', 'GET');

const health = {
  enabled: true,
  connected: false,
  message: 'Redis does not answer',
  mode: 'standalone',
  hits: 1,
  misses: 2,
  latencyMs: null,
  breaker: 'open',
  memory: { usedBytes: null, maxBytes: null, evictionPolicy: null },
  connections: { open: 0, inFlight: 0, shed: 0 },
} as const;

describe.each(HTTP_FRAMEWORKS)('CacheHttpModule on %s', (framework) => {
  let app: INestApplication | undefined;
  const events = new CacheEventBus();
  const metrics = new CacheMetrics({ redisConnected: () => true });
  connectMetrics(metrics, events);

  /** The cache as CacheModule provides it, not global on purpose. */
  @Module({
    providers: [
      { provide: AgentCache, useValue: events },
      { provide: CacheClient, useValue: { healthCheck: () => Promise.resolve(health) } },
      { provide: CacheMetrics, useValue: metrics },
    ],
  })
  class FakeCacheModule {}

  async function start(
    imports: readonly Importable[] = [FakeCacheModule, CacheHttpModule],
    trace = new RequestTrace(),
    prepare?: (app: INestApplication) => void,
  ): Promise<ReturnType<typeof request>> {
    metrics.reset();
    const module = await Test.createTestingModule({
      imports: [...imports],
      controllers: [Work, Chosen],
      providers: [{ provide: CacheEventBus, useValue: events }],
    })
      .overrideProvider(RequestTrace)
      .useValue(trace)
      .compile();
    app = await startHttpApp(module, framework, prepare);
    return request(app.getHttpServer());
  }

  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  it('GET /cache/health answers 200 with what the client says, also when Redis is away', async () => {
    const response = await (await start()).get('/cache/health').expect(200);
    expect(response.body).toEqual(health);
    expect(response.headers['cache-control']).toBe('no-store');
  });

  it('GET /cache/metrics answers the summary, and no advice while there is little to say', async () => {
    const client = await start();
    await client.get('/work/mixed/0').expect(200);
    const { body, headers } = await client.get('/cache/metrics').expect(200);
    expect(body).toMatchObject({
      totalRequests: 2,
      hits: 1,
      misses: 1,
      hitRate: 0.5,
      hitRatePercent: 50,
      sets: 1,
      deletes: 0,
      errors: 0,
      bypasses: 1,
      refused: 0,
      redisConnected: true,
      savedMs: 9,
      advice: null,
    });
    expect(Object.keys((body as { categories: object }).categories)).toEqual(['context', 'tool']);
    expect(headers['cache-control']).toBe('no-store');
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('GET /cache/metrics advises while the hit rate stays under 60 %', async () => {
    const client = await start();
    for (let index = 0; index < 50; index++)
      events.emit('miss', { category: 'tool', key: 'k', ms: 1, reason: 'absent' });
    const { body } = await client.get('/cache/metrics').expect(200);
    expect((body as { advice: string }).advice).toMatch(/^Hit rate 0 % of 50 requests, under 60 %\. Most misses: tool/);
  });

  it('has no endpoint that invalidates', async () => {
    const client = await start();
    for (const method of ['post', 'put', 'patch', 'delete'] as const) {
      for (const path of ['/cache', '/cache/health', '/cache/metrics', '/cache/invalidate'])
        await client[method](path).expect(404);
    }
  });

  it('tells every outcome of a request, times, and queries', async () => {
    const { headers } = await (await start()).get('/work/mixed/3').expect(200);
    const members = parseMembers(headers['cache-status'] as string);
    expect(members.map(({ parameters }) => parameters)).toEqual([
      { hit: true, ttl: 61, detail: 'context' },
      { fwd: 'miss', stored: true, detail: 'tool' },
      { fwd: 'bypass', detail: 'tool not-read-only' },
    ]);
    const timings = Object.fromEntries(
      (headers['server-timing'] as string).split(', ').map((timing) => timing.split(';dur=')),
    ) as Record<string, string>;
    expect(Object.keys(timings)).toEqual(['total', 'cache', 'load', 'db']);
    expect(Number(timings['cache'])).toBeCloseTo(0.6);
    expect(Number(timings['load'])).toBeCloseTo(5);
    expect(Number(timings['db'])).toBeGreaterThan(12);
    expect(Number(timings['total'])).toBeGreaterThanOrEqual(Number(timings['db']));
    expect(headers['x-process-time']).toMatch(/^\d+\.\d\d$/);
    expect(Number(headers['x-process-time'])).toBeGreaterThan(12);
    expect(headers['x-query-count']).toBe('3');
    expect(Number(headers['x-query-time'])).toBeGreaterThan(12);
    expect(JSON.stringify(headers)).not.toContain('secret');
  });

  it('adds the headers where nothing was cached or queried', async () => {
    const { headers } = await (await start()).get('/work/nothing').expect(200);
    expect(headers['cache-status']).toBe('nestjs-agent-cache; fwd=bypass; detail="no cached call"');
    expect(headers['server-timing']).toMatch(/^total;dur=[\d.]+, cache;dur=0\.00, load;dur=0\.00, db;dur=0\.00$/);
    expect([headers['x-query-count'], headers['x-query-time']]).toEqual(['0', '0.00']);
  });

  it.each([
    ['/work/fails', 500],
    ['/work/rejects', 400],
    ['/work/raw', 202],
  ])('adds the headers to %s, which ends with %d', async (path, status) => {
    const { headers } = await (await start()).get(path).expect(status);
    expect(headers['cache-status']).toBe('nestjs-agent-cache; hit; detail="tool"');
    expect(headers['x-query-count']).toBe(path === '/work/fails' ? '1' : '0');
  });

  it('adds the headers to a request that a pipe refuses', async () => {
    const { headers } = await (await start()).get('/work/mixed/many').expect(400);
    expect(headers['cache-status']).toContain('no cached call');
  });

  it('says nothing of what happens after the headers of a stream have left', async () => {
    const { headers, text } = await (await start()).get('/work/stream').expect(200);
    expect(text).toBe('abc');
    expect(headers['cache-status']).toContain('no cached call');
  });

  it.each([
    ['own-headers', /^auth;dur=1, app;dur=2, total;dur=/],
    ['given-headers', /^auth;dur=1, total;dur=/],
  ])('leaves what others have said in the same headers of /work/%s', async (path, timing) => {
    const { headers } = await (await start()).get(`/work/${path}`).expect(200);
    expect(headers['cache-status']).toBe('origin; hit, nestjs-agent-cache; fwd=bypass; detail="no cached call"');
    expect(headers['server-timing']).toMatch(timing);
  });

  it('keeps requests apart that run at once', async () => {
    const client = await start();
    await app?.listen(0, '127.0.0.1');
    const counts = Array.from({ length: 20 }, (_, index) => index % 5);
    const answers = await Promise.all(counts.map((count) => client.get(`/work/mixed/${count}`)));
    expect(answers.map(({ headers }) => Number(headers['x-query-count']))).toEqual(counts);
    for (const { headers } of answers) expect(parseMembers(headers['cache-status'] as string)).toHaveLength(3);
  });

  it('would mix requests up if a request were not told by its context', async () => {
    /** One record for all: what a variable in place of the context would be. */
    class SharedTrace extends RequestTrace {
      private shared: RequestRecord | undefined;

      override run<T>(response: unknown, work: () => T): T {
        return super.run(response, () => {
          this.shared = super.current;
          return work();
        });
      }

      override get current(): RequestRecord | undefined {
        return this.shared;
      }
    }
    const client = await start(undefined, new SharedTrace());
    await app?.listen(0, '127.0.0.1');
    const counts = Array.from({ length: 20 }, (_, index) => index % 5);
    const answers = await Promise.all(counts.map((count) => client.get(`/work/mixed/${count}`)));
    expect(answers.map(({ headers }) => Number(headers['x-query-count']))).not.toEqual(counts);
  });

  it('follows a request with a body through a global prefix', async () => {
    const client = await start(undefined, undefined, (starting) => starting.setGlobalPrefix('api'));
    const { headers } = await client
      .post('/api/work/saved')
      .send({ text: 'x'.repeat(50_000) })
      .expect(201);
    expect(headers['x-query-count']).toBe('1');
    await client.get('/api/cache/health').expect(200);
  });

  it('lets calls that are not HTTP pass through', async () => {
    await start();
    const interceptor = app?.get(CacheHttpInterceptor) as CacheHttpInterceptor;
    const context = {
      getType: () => 'rpc',
      switchToHttp: () => ({ getResponse: () => null }),
    } as unknown as ExecutionContext;
    const answer = of('answer');
    expect(interceptor.intercept(context, { handle: () => answer })).toBe(answer);
  });

  it('adds the headers once where the interceptor stands twice', async () => {
    const { headers } = await (await start()).get('/chosen').expect(200);
    expect(parseMembers(headers['cache-status'] as string)).toHaveLength(1);
  });

  it.each([
    ['/work/refused', 403],
    ['/nowhere', 404],
  ])('adds the headers to %s, which Nest ends with %d before any handler', async (path, status) => {
    const { headers } = await (await start()).get(path).expect(status);
    const [member] = parseMembers(headers['cache-status'] as string);
    expect(member?.parameters['detail']).toBe(status === 403 ? 'permissions' : 'no cached call');
    expect(headers['x-query-count']).toBe('0');
  });

  it.each<[string, number, (client: ReturnType<typeof request>) => request.Test]>([
    [
      'a body that is no JSON',
      400,
      (client) => client.post('/api/work/saved').type('application/json').send('{"text":'),
    ],
    ['a body that is too large', 413, (client) => client.post('/api/work/saved').send({ text: 'x'.repeat(2_000_000) })],
    [
      'a body of a kind that nobody reads',
      415,
      (client) =>
        client
          .post('/api/work/saved')
          .type(UNREADABLE[framework] as string)
          .send('{}'),
    ],
    ['an address that cannot be decoded', 400, (client) => client.get('/api/work/mixed/%zz')],
    ['a path outside the global prefix', 404, (client) => client.get('/nowhere')],
    ['a path that does not exist', 404, (client) => client.get('/api/nowhere')],
    ['a preflight', 204, preflight],
  ])('adds the headers to the answer to %s, %d, which no handler gives', async (_what, status, send) => {
    const client = await start(undefined, undefined, (starting) => {
      starting.setGlobalPrefix('api');
      starting.enableCors();
    });
    const { headers } = await send(client).expect(status);
    expect(headers['cache-status']).toBe('nestjs-agent-cache; fwd=bypass; detail="no cached call"');
    expect(headers['server-timing']).toMatch(/^total;dur=/);
    expect(headers['x-process-time']).toMatch(/^\d+\.\d\d$/);
    expect([headers['x-query-count'], headers['x-query-time']]).toEqual(['0', '0.00']);
  });

  it('no longer listens to the server of an app that was closed', async () => {
    await start();
    const server = app?.getHttpServer() as Server;
    const before = server.listenerCount('request');
    await app?.close();
    app = undefined;
    expect(server.listenerCount('request')).toBe(before - 1);
  });

  it('works in an app without HTTP', async () => {
    const module = await Test.createTestingModule({ imports: [CacheHttpModule] }).compile();
    await module.init();
    expect(await module.get(QueryMeter).measure(() => 1)).toBe(1);
    await module.close();
  });

  it('can leave the interceptor off, and keeps it where a controller asks for it', async () => {
    const client = await start([FakeCacheModule, CacheHttpModule.forRoot({ interceptor: false })]);
    const without = await client.get('/work/mixed/1').expect(200);
    expect(without.headers['cache-status']).toBeUndefined();
    expect(without.headers['x-query-count']).toBeUndefined();
    const outside = await client.get('/nowhere').expect(404);
    expect(outside.headers['x-query-count']).toBeUndefined();
    const chosen = await client.get('/chosen').expect(200);
    expect(chosen.headers['cache-status']).toContain('nestjs-agent-cache');
    expect(chosen.headers['x-query-count']).toBe('2');
    await client.get('/cache/health').expect(200);
  });

  it('reports in an app without CacheModule that there is no cache', async () => {
    const client = await start([CacheHttpModule]);
    const { body } = await client.get('/cache/health').expect(200);
    expect(body).toMatchObject({ enabled: false, connected: false, message: expect.stringContaining('CacheModule') });
    const metricsResponse = await client.get('/cache/metrics').expect(200);
    expect(metricsResponse.body).toMatchObject({ totalRequests: 0, redisConnected: false, advice: null });
    const { headers } = await client.get('/work/mixed/2').expect(200);
    expect(headers['x-query-count']).toBe('2');
  });

  it('is not mounted unless it is imported', async () => {
    const module = await Test.createTestingModule({ imports: [FakeCacheModule] }).compile();
    app = await startHttpApp(module, framework);
    await request(app.getHttpServer()).get('/cache/health').expect(404);
  });

  it('hears no events after the app was closed', async () => {
    const listenersOf = (): number =>
      [...(events as unknown as { listeners: Map<string, Set<unknown>> }).listeners.values()].reduce(
        (sum, set) => sum + set.size,
        0,
      );
    const before = listenersOf();
    await start();
    expect(listenersOf()).toBeGreaterThan(before);
    await app?.close();
    app = undefined;
    expect(listenersOf()).toBe(before);
  });
});
