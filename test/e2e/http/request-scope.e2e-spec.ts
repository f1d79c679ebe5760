import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent } from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Inject,
  Injectable,
  type INestApplication,
  UseGuards,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { defer, type Observable } from 'rxjs';
import request from 'supertest';
import { PUBLIC, ScopeKeys } from '../../../src/core/scope-key.js';
import { AgentCache, Cacheable, CacheModule, CacheReadOnlyTool, type ScopeLevel } from '../../../src/index.js';
import { RequestScopes } from '../../../src/nest/scope/request-scopes.js';
import { HTTP_FRAMEWORKS, startHttpApp } from '../../support/http-frameworks.js';

interface User {
  readonly id: string;
}
interface WithUser {
  user?: User;
  readonly headers: Readonly<Record<string, string | undefined>>;
}
interface Call {
  readonly tool: string;
  readonly params: object;
}

/** Who is asking, as the app knows it; no argument of a call says so. */
const asking = new AsyncLocalStorage<string>();
const requestOf = (context: ExecutionContext): WithUser => context.switchToHttp().getRequest<WithUser>();
const fromRequest = (context: ExecutionContext): object | undefined => {
  const id = requestOf(context).user?.id;
  return id === undefined ? undefined : { tenant: `t-${id}`, principal: id, workspace: `w-${id}`, session: `s-${id}` };
};

@Injectable()
class Tools {
  readonly runs: string[] = [];
  readonly revoked = new Set<string>();
  /** How many requests have come so far that the tool is asked for. */
  requests = 0;
  /** Settles before they ask for it. */
  entrance: Promise<void> = Promise.resolve();
  /** Settles before a tool answers. */
  open: Promise<void> = Promise.resolve();

  @CacheReadOnlyTool({
    authorize(this: Tools) {
      this.check();
    },
  })
  async execute(_call: Call): Promise<{ user: string }> {
    this.check();
    const user = asking.getStore() ?? 'nobody';
    this.runs.push(user);
    await this.open;
    return { user };
  }

  @Cacheable()
  async profile(): Promise<string> {
    this.runs.push('profile');
    return asking.getStore() ?? 'nobody';
  }

  private check(): void {
    if (this.revoked.has(asking.getStore() ?? '')) throw new ForbiddenException('revoked');
  }
}

@Injectable()
class Authenticate implements CanActivate {
  constructor(@Inject(Tools) private readonly tools: Tools) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const incoming = requestOf(context);
    const id = incoming.headers['x-user'];
    if (incoming.headers['x-profile'] && (await this.tools.profile()) !== id) return false;
    if (id) incoming.user = { id };
    return id !== 'banned';
  }
}

@Controller()
@UseGuards(Authenticate)
class Access {
  constructor(@Inject(Tools) private readonly tools: Tools) {}

  @Get('mine')
  async mine(): Promise<{ user: string }> {
    this.tools.requests++;
    await this.tools.entrance;
    return this.tools.execute({ tool: 'my_access', params: {} });
  }

  @Get('later')
  later(): Observable<{ user: string }> {
    return defer(() => this.tools.execute({ tool: 'my_access', params: {} }));
  }
}

interface Started {
  readonly app: INestApplication;
  readonly tools: Tools;
  readonly bypasses: string[];
  /** Who the answer is about that `user` gets; without one, a stranger asks. */
  ask(user?: string, path?: string): Promise<string>;
}

const running: INestApplication[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const app of running.splice(0)) await app.close();
});

async function start(framework: string, scope?: ScopeLevel, resolver: unknown = fromRequest): Promise<Started> {
  const cacheModule = CacheModule.forRoot({
    prefix: 'test',
    tools: { my_access: { permissionTier: 'READ_ONLY', ...(scope && { scope }) } },
    scope: { fromRequest: resolver as () => undefined },
  });
  const module = await Test.createTestingModule({
    imports: [cacheModule],
    controllers: [Access],
    providers: [Tools, Authenticate],
  }).compile();
  const app = await startHttpApp(module, framework, (made) => {
    made.use(({ headers }: WithUser, _response: unknown, next: () => void) => {
      asking.run(headers['x-user'] ?? 'a stranger', next);
    });
  });
  running.push(app);
  await app.listen(0, '127.0.0.1');
  const bypasses: string[] = [];
  app.get(AgentCache).on('bypass', ({ reason }) => bypasses.push(reason));
  const url = await app.getUrl();
  return {
    app,
    tools: app.get(Tools),
    bypasses,
    async ask(user, path = '/mine') {
      const answer = await request(url)
        .get(path)
        .set(user === undefined ? {} : { 'x-user': user });
      return answer.status === 200 ? (answer.body as { user: string }).user : String(answer.status);
    },
  };
}

const LEVELS: readonly (ScopeLevel | undefined)[] = [undefined, 'tenant', 'principal', 'workspace', 'session'];
const USERS = ['alice', 'bob', 'carol', 'dora'];

describe.each(HTTP_FRAMEWORKS)('a scope that is filled from requests, on %s', (framework) => {
  /** Who got the answer of somebody else. */
  async function leaks(scope: ScopeLevel | undefined): Promise<string[]> {
    const { ask } = await start(framework, scope);
    const found: string[] = [];
    for (const user of ['alice', 'bob', 'alice', 'bob']) if ((await ask(user)) !== user) found.push(user);
    return found;
  }

  it.each(LEVELS)('gives nobody the answer of another to empty parameters (scope %s)', async (scope) => {
    expect(await leaks(scope)).toEqual([]);
  });

  it('(the check finds a key without the scope)', async () => {
    jest.spyOn(ScopeKeys.prototype, 'of').mockReturnValue(PUBLIC);
    expect(await leaks('principal')).toEqual(['bob', 'bob']);
  });

  /** Who asked at the same time, who was told of whom, and how often the tool ran. */
  async function inFlight(scope?: ScopeLevel): Promise<{ asked: string[]; told: string[]; runs: string[] }> {
    const { ask, tools } = await start(framework, scope);
    let [letIn, open] = [(): void => undefined, (): void => undefined];
    tools.entrance = new Promise((resolve) => (letIn = resolve));
    tools.open = new Promise((resolve) => (open = resolve));
    const asked = [...USERS, ...USERS, ...USERS];
    const answers = Promise.all(asked.map((user) => ask(user)));
    while (tools.requests < asked.length) await new Promise((resolve) => setImmediate(resolve));
    letIn();
    while (tools.runs.length === 0) await new Promise((resolve) => setImmediate(resolve));
    open();
    return { asked, told: await answers, runs: [...tools.runs].sort() };
  }

  it.each(LEVELS)('keeps requests apart that are in flight at the same time (scope %s)', async (scope) => {
    const { asked, told, runs } = await inFlight(scope);
    expect(told).toEqual(asked);
    expect(runs).toEqual(USERS);
  });

  it('(the check finds a scope that is not kept for each request)', async () => {
    let latest: unknown;
    jest.spyOn(RequestScopes.prototype, 'run').mockImplementation((values, fn) => {
      latest = values;
      return fn();
    });
    jest.spyOn(RequestScopes.prototype, 'current').mockImplementation(() => latest as undefined);
    const { asked, told } = await inFlight();
    expect(told).not.toEqual(asked);
  });

  it('answers from the cache whom the answer is about', async () => {
    const { ask, tools } = await start(framework);
    expect([await ask('alice'), await ask('alice')]).toEqual(['alice', 'alice']);
    expect(tools.runs).toEqual(['alice']);
  });

  it('shares at the level public, as it was told to', async () => {
    const { ask } = await start(framework, 'public');
    expect([await ask('alice'), await ask('bob'), await ask()]).toEqual(['alice', 'alice', 'alice']);
  });

  it('goes past the cache where nobody knows who asks', async () => {
    const { ask, tools, bypasses } = await start(framework);
    await ask('alice');
    expect([await ask(), await ask()]).toEqual(['a stranger', 'a stranger']);
    expect(tools.runs).toEqual(['alice', 'a stranger', 'a stranger']);
    expect(bypasses).toEqual(['unknown-scope', 'unknown-scope']);
  });

  it('forgets who asked before on the same connection', async () => {
    const { app, tools } = await start(framework);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const url = await app.getUrl();
    const users: unknown[] = [];
    for (const headers of [{ 'x-user': 'alice' }, {}, { 'x-user': 'bob' }]) {
      users.push((await request(url).get('/mine').agent(agent).set(headers).set('connection', 'keep-alive')).body);
    }
    agent.destroy();
    expect(users).toEqual([{ user: 'alice' }, { user: 'a stranger' }, { user: 'bob' }]);
    expect(tools.runs).toHaveLength(3);
  });

  it('holds where the handler answers an Observable that asks later', async () => {
    const { ask, tools } = await start(framework);
    for (const user of ['alice', 'bob', 'alice']) expect(await ask(user, '/later')).toBe(user);
    expect(tools.runs).toEqual(['alice', 'bob']);
  });

  it('does not hold in a guard: what is cached there goes past the cache, and is never public', async () => {
    const { app, bypasses, tools } = await start(framework);
    const url = await app.getUrl();
    for (const user of ['alice', 'bob', 'alice']) {
      const answer = await request(url).get('/mine').set({ 'x-user': user, 'x-profile': 'yes' });
      expect(answer.body).toEqual({ user });
    }
    expect(tools.runs.filter((run) => run === 'profile')).toHaveLength(3);
    expect(bypasses).toEqual(['unknown-scope', 'unknown-scope', 'unknown-scope']);
  });

  it('does not hold outside of requests', async () => {
    const { tools, ask } = await start(framework);
    await ask('alice');
    const job = (): Promise<unknown> => asking.run('a job', () => tools.execute({ tool: 'my_access', params: {} }));
    expect([await job(), await job()]).toEqual([{ user: 'a job' }, { user: 'a job' }]);
    expect(tools.runs).toEqual(['alice', 'a job', 'a job']);
  });

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no token');
      },
    ],
    ['answers a Promise', async () => Promise.reject(new Error('too late'))],
    ['answers an id that is a number', () => ({ principal: 7 })],
    ['answers a text', () => 'alice'],
    ['answers nothing', () => undefined],
  ])('goes past the cache, and disturbs nobody, where the resolver %s', async (_what, resolver) => {
    const { ask, tools } = await start(framework, undefined, resolver);
    expect([await ask('alice'), await ask('bob')]).toEqual(['alice', 'bob']);
    expect(tools.runs).toEqual(['alice', 'bob']);
  });

  it('refuses the next call once a permission is revoked, although the answer is cached', async () => {
    const { ask, tools } = await start(framework);
    expect([await ask('alice'), await ask('alice')]).toEqual(['alice', 'alice']);
    tools.revoked.add('alice');
    expect(await ask('alice')).toBe('403');
    tools.revoked.clear();
    expect(await ask('alice')).toBe('alice');
    expect(tools.runs).toEqual(['alice']);
  });

  it('leaves guards to refuse what they refuse, cached or not', async () => {
    const { ask } = await start(framework, 'public');
    expect([await ask('alice'), await ask('banned'), await ask('bob')]).toEqual(['alice', '403', 'alice']);
  });
});
