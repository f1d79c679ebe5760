import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { from, Observable } from 'rxjs';
import request from 'supertest';
import { CacheHttpModule } from '../../../src/http.js';
import {
  AgentCache,
  Cacheable,
  CacheMetrics,
  CacheModule,
  CacheReadOnlyTool,
  CacheScope,
  type CacheModuleOptions,
  type ToolDescriptor,
} from '../../../src/index.js';
import { startHttpApp } from '../../support/http-frameworks.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';
import { boot, closeAll, type Booted } from '../interception/boot.js';

interface Call {
  readonly tool: string;
  readonly params: { readonly path: string };
}

/** What the tools answer with; changed behind the cache's back. */
const world = { version: 1, isAway: false };
const READ = { tool: 'read', params: { path: 'a' } };
const TOOLS: Readonly<Record<string, ToolDescriptor>> = {
  read: { permissionTier: 'READ_ONLY', cost: { tokens: 100, usd: 0.01 } },
  write: { permissionTier: 'WRITE' },
};

@Injectable()
class Files {
  @Cacheable({ namespace: 'files' })
  content(path: string): Promise<string> {
    return Promise.resolve(`${path} ${world.version}`);
  }
}

@Injectable()
class Executor {
  readonly ran: string[] = [];
  readonly tenants: unknown[] = [];

  constructor(
    private readonly files: Files,
    private readonly scope: CacheScope,
  ) {}

  @CacheReadOnlyTool()
  async execute({ tool, params }: Call): Promise<{ text: string }> {
    this.ran.push(tool);
    this.tenants.push(this.scope.current()?.tenant);
    if (world.isAway) throw new Error('away');
    return { text: await this.files.content(params.path) };
  }

  @CacheReadOnlyTool({ namespace: 'streams' })
  stream({ tool }: Call): Observable<number> {
    this.ran.push(tool);
    return from([1, 2, world.version]);
  }
}

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await closeAll();
  Object.assign(world, { version: 1, isAway: false });
});
afterAll(() => server.stop());

const started = (options: CacheModuleOptions = {}, prefix = 'verify'): Promise<Booted> =>
  boot(
    { providers: [Files, Executor] },
    { redis: { url: '' }, tools: TOOLS, verify: { ratio: 1, maxWrongRate: 0.05 }, ...options, prefix },
  );
const verificationOf = (app: TestingModule) => app.get(CacheMetrics, { strict: false }).summary().verification;
const verified = (app: TestingModule, count: number): Promise<unknown> =>
  until(async () => {
    const { verified: right = 0, notComparable = 0 } = verificationOf(app).read ?? {};
    return right + notComparable >= count;
  });

describe('verification in an app', () => {
  it.each(['memory', 'Redis'])('finds a tool whose answers change untold, and stops caching it (%s)', async (where) => {
    const { app, warnings } = await started({ redis: { url: where === 'Redis' ? server.url : '' } }, where);
    const executor = app.get(Executor);
    await executor.execute(READ);
    world.version = 2;
    await until(async () => app.get(AgentCache).outcomeOf(await executor.execute(READ))?.status === 'hit');
    for (let hit = 1; hit < 30; hit++) {
      await verified(app, hit);
      if (app.get(AgentCache).outcomeOf(await executor.execute(READ))?.status !== 'hit') break;
    }
    // The cached method that the tool calls was run again as well: what that had was as old.
    expect(verificationOf(app).read).toMatchObject({ verified: 20, wrongRate: 1, isOff: true });
    const before = executor.ran.length;
    await app.get(AgentCache).invalidate({ namespace: 'files' });
    expect(await executor.execute(READ)).toEqual({ text: 'a 2' });
    expect(executor.ran).toHaveLength(before + 1);
    expect(app.get(CacheMetrics).summary().bypassReasons.verification).toBeGreaterThanOrEqual(1);
    expect(warnings.filter((line) => line.includes("tool 'read'"))).toHaveLength(1);
  });

  it('leaves a tool alone that is right, whoever asks, in the scope of who asked', async () => {
    const { app, warnings } = await started();
    const executor = app.get(Executor);
    const scope = app.get(CacheScope);
    for (let hit = 0; hit < 31; hit++) {
      await scope.run({ tenant: `t${hit % 2}` }, () => executor.execute(READ));
      await verified(app, Math.max(0, hit - 1));
    }
    expect(verificationOf(app).read).toMatchObject({ verified: 29, wrong: 0, wrongRate: 0, isOff: false });
    expect(executor.tenants).toEqual(['t0', 't1', ...Array.from({ length: 29 }, (_, hit) => `t${hit % 2}`)]);
    expect(warnings).toEqual([]);
  });

  it('never runs a tool twice that may write', async () => {
    const { app } = await started();
    const executor = app.get(Executor);
    await executor.execute(READ);
    for (let call = 0; call < 5; call++) await executor.execute({ ...READ, tool: 'write' });
    for (let call = 0; call < 2; call++) await executor.execute(READ);
    await verified(app, 1);
    expect(executor.ran.filter((tool) => tool === 'write')).toHaveLength(5);
    expect(Object.keys(verificationOf(app))).toEqual(['read']);
  });

  it('runs what is an Observable again after its subscriber has gone', async () => {
    const { app } = await started();
    const executor = app.get(Executor);
    const all = (): Promise<unknown[]> =>
      new Promise((resolve, reject) => {
        const values: unknown[] = [];
        executor
          .stream(READ)
          .subscribe({ next: (value) => values.push(value), complete: () => resolve(values), error: reject });
      });
    expect(await all()).toEqual([1, 2, 1]);
    world.version = 9;
    expect(await all()).toEqual([1, 2, 1]);
    await verified(app, 1);
    expect(verificationOf(app).read).toMatchObject({ verified: 1, wrong: 1, notComparable: 0 });
  });

  it('lets no failure of a run out', async () => {
    const { app } = await started();
    const executor = app.get(Executor);
    await executor.execute(READ);
    world.isAway = true;
    const rejected = await unhandledDuring(async () => {
      expect(await executor.execute(READ)).toEqual({ text: 'a 1' });
      await verified(app, 1);
    });
    expect(rejected).toEqual([]);
    expect(verificationOf(app).read).toMatchObject({ verified: 0, notComparable: 1 });
  });

  it('runs nothing again once the app is closed, and none without the option', async () => {
    const { app } = await started();
    const executor = app.get(Executor);
    await executor.execute(READ);
    await executor.execute(READ);
    await app.close();
    const { length } = executor.ran;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(executor.ran).toHaveLength(length);
    const other = await started({ verify: { ratio: 0 } });
    for (let call = 0; call < 5; call++) await other.app.get(Executor).execute(READ);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(other.app.get(Executor).ran).toHaveLength(1);
    expect(verificationOf(other.app)).toEqual({});
  });

  it('shows what was saved and what was found at GET /cache/metrics', async () => {
    const options = { redis: { url: '' }, tools: TOOLS, verify: { ratio: 1 } };
    const module = await Test.createTestingModule({
      imports: [CacheModule.forRoot(options), CacheHttpModule],
      providers: [Files, Executor],
    }).compile();
    const app = await startHttpApp(module);
    try {
      for (let call = 0; call < 3; call++) {
        await app.get(Executor).execute({ tool: 'read', params: { path: 'hunter2' } });
        await verified(module, call);
      }
      const { body, text } = await request(app.getHttpServer()).get('/cache/metrics').expect(200);
      expect(body.savings).toMatchObject({ tokens: 200, usd: 0.02, categories: { tool: { tokens: 200 } } });
      expect(body.savings.tools).toEqual({ read: { ms: expect.any(Number), tokens: 200, usd: 0.02 } });
      expect(body.verification).toEqual({
        read: {
          verified: 2,
          wrong: 0,
          notComparable: 0,
          wrongRate: 0,
          interval: [0, expect.closeTo(0.6576, 3)],
          isOff: false,
        },
      });
      expect(text).not.toContain('hunter2');
    } finally {
      await app.close();
    }
  });
});
