import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Global,
  Inject,
  Injectable,
  type INestApplication,
  Module,
  Scope,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { of } from 'rxjs';
import { CacheModule } from '../../../src/index.js';
import { AdminTokens } from '../../../src/nest/config/admin-tokens.js';
import { ADMIN_ACCESS, type AdminAccess } from '../../../src/nest/http/admin/admin-gate.js';
import { LOAD_THROTTLER } from '../../../src/nest/http/admin/throttle.js';
import { HTTP_FRAMEWORKS } from '../../support/http-frameworks.js';
import { AdminApp, type AdminAppOptions, NEXT_TOKEN, TOKEN } from './admin-app.js';

const TAG = { tag: 'reports' };

@Controller('work')
class Work {
  @Get()
  work(): string {
    return 'work';
  }
}

/** Lets through who says so. */
@Injectable()
class ByHeader implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-admin'] === 'yes';
  }
}

const byHeader = (request: ReturnType<AdminApp['post']>): ReturnType<AdminApp['post']> => request.set('X-Admin', 'yes');

describe.each(HTTP_FRAMEWORKS)('who may administer over HTTP on %s', (framework) => {
  let admin: AdminApp | undefined;

  async function start(options: AdminAppOptions = {}): Promise<AdminApp> {
    admin = await AdminApp.start(framework, options);
    return admin;
  }

  afterEach(async () => {
    await admin?.close();
    admin = undefined;
  });

  describe('without a token and without a guard', () => {
    it.each<[string, AdminAppOptions]>([
      ['no variable', {}],
      ['an empty variable', { token: '  ' }],
      ['limits alone', { http: { admin: { limit: 5 } } }],
      ['a token, and no CacheModule', { token: TOKEN, cache: null }],
    ])('there are no routes, and they are answered as any unknown one: %s', async (_how, options) => {
      const app = await start(options);
      const asUnknown = async (known: ReturnType<AdminApp['post']>, path: string): Promise<void> => {
        const { status, body, headers } = await known;
        const unknown = await (path.includes('invalidate')
          ? app.post(TAG, TOKEN, '/cache/nowhere')
          : app.client().get('/cache/nowhere'));
        expect([status, unknown.status]).toEqual([404, 404]);
        expect(JSON.stringify(body)).toBe(JSON.stringify(unknown.body).replace('/cache/nowhere', path));
        const names = (all: object): string[] =>
          Object.keys(all)
            .filter((name) => name !== 'content-length')
            .sort();
        expect(names(headers)).toEqual(names(unknown.headers));
      };
      await asUnknown(app.post(TAG), '/cache/invalidate');
      await asUnknown(app.explain({}), '/cache/explain');
      await app.client().get('/cache/health').expect(200);
      expect([app.events, app.audited]).toEqual([[], []]);
    });

    it('says once that a token is of no use where there is no CacheModule', async () => {
      const app = await start({ token: TOKEN, cache: null });
      expect(app.logged.filter((line) => line.startsWith('warn'))).toEqual([
        expect.stringContaining(
          'There is no POST /cache/invalidate and no GET /cache/explain, because there is no cache',
        ),
      ]);
    });
  });

  describe('with CACHE_ADMIN_TOKEN', () => {
    it('lets through each of several tokens, so that they can be changed one after another', async () => {
      const app = await start({ token: ` ${TOKEN}, ${NEXT_TOKEN}` });
      for (const token of [TOKEN, NEXT_TOKEN]) {
        await app.post(TAG, token).expect(200);
        await app.explain({ key: 'report:1' }, token).expect(200);
      }
    });

    it('answers a wrong, a cut and a missing token alike, with 401, and shows none of them', async () => {
      const app = await start({ token: `${TOKEN},${NEXT_TOKEN}`, http: { admin: { limit: 100 } } });
      const answers = [];
      for (const authorization of [
        undefined,
        '',
        'Bearer',
        'Bearer ',
        `Bearer ${TOKEN}x`,
        `Bearer ${TOKEN.slice(0, -1)}`,
        `Bearer ${TOKEN},${NEXT_TOKEN}`,
        `Bearer ${TOKEN} ${NEXT_TOKEN}`,
        `Basic ${TOKEN}`,
        TOKEN,
        'Bearer wrong-token-secret',
      ]) {
        const request = app.client().post('/cache/invalidate').send(TAG);
        const { status, text, headers } = await (authorization === undefined
          ? request
          : request.set('Authorization', authorization));
        answers.push([status, text, headers['www-authenticate'], headers['cache-control']]);
      }
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers[0]).toEqual([401, expect.stringContaining('Authorization: Bearer'), 'Bearer', 'no-store']);
      expect(new Set(app.events.map((event) => JSON.stringify(event)))).toEqual(
        new Set([JSON.stringify({ action: 'invalidate', outcome: 'refused', form: null })]),
      );
      expect(app.audited[0]).toBe('invalidate: refused');
      const said = [JSON.stringify(answers), ...app.logged, JSON.stringify(app.events)].join('\n');
      expect(said).not.toMatch(/token-of-the-operator|wrong-token-secret/);
    });

    it('takes the scheme in any case, as HTTP has it', async () => {
      const app = await start({ token: TOKEN });
      await app.client().post('/cache/invalidate').set('Authorization', `bearer ${TOKEN}`).send(TAG).expect(200);
    });

    it('takes no token from the query or the body', async () => {
      const app = await start({ token: TOKEN });
      await app.explain({ key: 'report:1', token: TOKEN, access_token: TOKEN }, null).expect(401);
      await app.post({ ...TAG, token: TOKEN }, null).expect(401);
    });

    it('compares with every token, also once one of them was right', async () => {
      const app = await start({ token: TOKEN });
      const access = app.app.get<AdminAccess>(ADMIN_ACCESS, { strict: false });
      let count = 0;
      const tokens = new AdminTokens([TOKEN, NEXT_TOKEN, 'a-third-token-of-16'], (one, other) => {
        count++;
        return Buffer.from(one).equals(other);
      });
      Object.assign(access, { tokens });
      for (const [token, status] of [
        [TOKEN, 200],
        [NEXT_TOKEN, 200],
        ['wrong', 401],
      ] as const) {
        count = 0;
        await app.post(TAG, token).expect(status);
        expect(count).toBe(3);
      }
    });

    it('shows no token in what is injected or configured', async () => {
      const app = await start({ token: TOKEN, cache: { scope: {} }, rest: { imports: [ConfigModule] } });
      const config = app.app.get(ConfigService, { strict: false });
      const access = app.app.get<AdminAccess>(ADMIN_ACCESS, { strict: false });
      const seen = inspect([config.get('cache'), config.get('cache-admin'), access], { depth: 9, showHidden: true });
      expect(seen).not.toContain(TOKEN);
    });

    it.each(['short', `${TOKEN},short`, 'with space in between-1', ',', 'geheim-geheim-geheim-ä'])(
      'stops the boot for a token that is none, and does not show it: %s',
      async (token) => {
        const error = await start({ token }).catch((problem: Error) => problem);
        expect(error).toMatchObject({ code: 'CACHE_CONFIGURATION' });
        expect((error as Error).message).toMatch(/CACHE_ADMIN_TOKEN is '\*\*\*': expected at least 16 characters/);
        expect(inspect(error).replace(/geheim\b/g, '')).not.toMatch(/'short'|with space in between-1|geheim-geheim/);
        const alone = await start({ token, cache: null }).catch((problem: Error) => problem);
        expect(alone).toMatchObject({ code: 'CACHE_CONFIGURATION' });
      },
    );

    it.each(['before', 'after'] as const)('is read from a .env file that the app reads %s it', async (when) => {
      const folder = await mkdtemp(join(tmpdir(), 'admin-env-'));
      await writeFile(join(folder, '.env'), `CACHE_ADMIN_TOKEN=${NEXT_TOKEN}\n`);
      const before = { ...process.env };
      delete process.env['CACHE_ADMIN_TOKEN'];
      @Module({ imports: [ConfigModule.forRoot({ envFilePath: join(folder, '.env') })] })
      class FileModule {}
      try {
        const cache =
          when === 'after'
            ? CacheModule.forRoot({ redis: { url: '' } })
            : CacheModule.forRootAsync({
                imports: [FileModule],
                inject: [ConfigService],
                useFactory: () => ({ redis: { url: '' } }),
              });
        const app = await start({ token: null, cache, rest: when === 'after' ? { imports: [FileModule] } : {} });
        await app.post(TAG, NEXT_TOKEN).expect(200);
        await app.post(TAG, TOKEN).expect(401);
      } finally {
        process.env = before;
        await rm(folder, { recursive: true });
      }
    });

    it('would be caught if the gate let everybody through', async () => {
      const app = await start({ token: TOKEN });
      const access = app.app.get<AdminAccess>(ADMIN_ACCESS, { strict: false });
      Object.assign(access, { tokens: { isEmpty: false, accepts: () => true } });
      await app.post(TAG, 'wrong-token-secret').expect(200);
    });
  });

  describe("with the app's own guard", () => {
    it.each<[string, AdminAppOptions]>([
      ['an instance', { http: { admin: { guard: new ByHeader() } } }],
      ['a class that nobody provides', { http: { admin: { guard: ByHeader } } }],
      ['a class that a module provides', { http: { admin: { guard: ByHeader } }, rest: { providers: [ByHeader] } }],
    ])('lets through whom it lets through: %s', async (_how, options) => {
      const app = await start(options);
      await byHeader(app.post(TAG, null)).expect(200);
      await app.post(TAG, null).expect(403);
      await app.explain({ key: 'report:1' }, null).expect(403);
      expect(app.events.map(({ outcome }) => outcome)).toEqual(['done', 'refused', 'refused']);
    });

    it('is given what it asks for, from the module that provides it, also of the request', async () => {
      class Rights {
        readonly admins = ['yes'];
      }
      abstract class WithRights implements CanActivate {
        constructor(@Inject(Rights) readonly rights: Rights) {}
        canActivate(context: ExecutionContext): boolean {
          const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
          return this.rights.admins.includes(headers['x-admin'] ?? '');
        }
      }
      @Injectable()
      class Once extends WithRights {}
      @Injectable({ scope: Scope.TRANSIENT })
      class Transient extends WithRights {}
      @Injectable({ scope: Scope.REQUEST })
      class OfRequest implements CanActivate {
        constructor(
          @Inject(REQUEST) private readonly request: { headers: Record<string, string> },
          @Inject(Rights) private readonly rights: Rights,
        ) {}
        canActivate(): boolean {
          return this.rights.admins.includes(this.request.headers['x-admin'] ?? '');
        }
      }
      for (const guard of [Once, Transient, OfRequest]) {
        @Module({ providers: [Rights, Once, Transient, OfRequest] })
        class AuthModule {}
        const app = await start({ http: { admin: { guard } }, rest: { imports: [AuthModule] } });
        await byHeader(app.post(TAG, null)).expect(200);
        await app.post(TAG, null).expect(403);
        await app.close();
        admin = undefined;
      }
    });

    it('may answer later, by a Promise or an Observable, or throw what is to be answered', async () => {
      const answers = [
        () => Promise.resolve(true),
        () => of(true),
        () => Promise.resolve(false),
        () => of(false),
        () => {
          throw new UnauthorizedException('log in first');
        },
      ];
      const guard: CanActivate = { canActivate: () => (answers.shift() as (typeof answers)[number])() };
      const app = await start({ http: { admin: { guard } } });
      for (const status of [200, 200, 403, 403, 401]) await app.post(TAG, null).expect(status);
      expect(app.events.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'refused', 'refused', 'refused']);
    });

    it('is needed besides a token where both are set', async () => {
      const app = await start({ token: TOKEN, http: { admin: { guard: ByHeader } } });
      await byHeader(app.post(TAG)).expect(200);
      await byHeader(app.post(TAG, null)).expect(401);
      await app.post(TAG).expect(403);
    });

    it('stops the boot where it cannot be made, and says what to do', async () => {
      @Injectable()
      class NeedsMore implements CanActivate {
        constructor(@Inject('nobody provides this') readonly rights: unknown) {}
        canActivate(): boolean {
          return true;
        }
      }
      await expect(start({ http: { admin: { guard: NeedsMore } } })).rejects.toThrow(
        /admin\.guard is the class NeedsMore, which no module of the app provides .* list it among the providers/,
      );
    });

    it('is asked after the global guards of the app, and only where those let the request through', async () => {
      const nobody = { provide: APP_GUARD, useValue: { canActivate: () => false } };
      const app = await start({ http: { admin: { guard: new ByHeader() } }, rest: { providers: [nobody] } });
      await byHeader(app.post(TAG, null)).expect(403);
      expect(app.events).toEqual([]);
    });
  });

  it.each<[string, object, RegExp]>([
    ['no guard', { admin: { guard: { allow: () => true } } }, /admin\.guard is of type object: expected a guard/],
    ['a function', { admin: { guard: () => true } }, /admin\.guard is of type function: expected a guard/],
    ['no number', { admin: { limit: '10' } }, /admin\.limit is '10': expected a whole number from 1 to 1000/],
    ['nothing at all', { admin: { limit: 0 } }, /admin\.limit is 0/],
    ['no unit', { admin: { ttl: 60 } }, /admin\.ttl is 60: expected a duration from 1000ms to 3600000ms/],
    [
      'a name that does not exist',
      { admin: { tokens: ['x'] } },
      /admin\.tokens is no option: expected some of guard, limit, ttl/,
    ],
    ['another such name', { admn: {} }, /admn is no option/],
  ])('stops the boot for a wrong option: %s', async (_what, http, message) => {
    await expect(start({ http: http })).rejects.toThrow(message);
  });

  describe('how often', () => {
    const outcomes = async (app: AdminApp, count: number, token: string | null = TOKEN): Promise<number[]> => {
      const statuses = [];
      for (let index = 0; index < count; index++) statuses.push((await app.post(TAG, token)).status);
      return statuses;
    };
    const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);

    it('ten times a minute, then 429 with Retry-After, on both paths together', async () => {
      const app = await start({ token: TOKEN });
      expect(await outcomes(app, 10)).toEqual(times(10, 200));
      const { headers, body } = await app.explain({ key: 'report:1' }).expect(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(50);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(headers['cache-control']).toBe('no-store');
      expect((body as { message: string }).message).toMatch(/Too many requests: try again after/);
      expect(app.events.at(-1)).toEqual({ action: 'explain', outcome: 'throttled', form: null });
      expect(app.audited.at(-1)).toBe('explain: throttled');
    });

    it('counts who has no token, before the token is looked at', async () => {
      const app = await start({ token: TOKEN, http: { admin: { limit: 3, ttl: '1h' } } });
      expect(await outcomes(app, 5, 'wrong-token-secret')).toEqual([401, 401, 401, 429, 429]);
      expect(await outcomes(app, 1)).toEqual([429]);
    });

    it('lets through again when the time is over', async () => {
      const app = await start({ token: TOKEN, http: { admin: { limit: 1, ttl: '1s' } } });
      expect(await outcomes(app, 2)).toEqual([200, 429]);
      const end = Date.now() + 5_000;
      while ((await app.post(TAG)).status !== 200) {
        if (Date.now() > end) throw new Error('was not let through again within 5 s');
        await new Promise((done) => setTimeout(done, 50));
      }
    });

    it('counts callers apart, by the address that the app trusts', async () => {
      const prepare = (app: INestApplication): void => {
        if (framework === 'Express')
          (app as unknown as { set: (name: string, value: unknown) => void }).set('trust proxy', 1);
      };
      const app = await start({ token: TOKEN, http: { admin: { limit: 1 } }, prepare });
      const from = (address: string): ReturnType<AdminApp['post']> => app.post(TAG).set('X-Forwarded-For', address);
      await from('203.0.113.1').expect(200);
      await from('203.0.113.1').expect(429);
      // Fastify is not told to trust a proxy here: all come from one address.
      await from('203.0.113.2').expect(framework === 'Express' ? 200 : 429);
    });

    it('leaves the other paths of the app alone', async () => {
      const app = await start({ token: TOKEN, http: { admin: { limit: 1 } }, rest: { controllers: [Work] } });
      expect(await outcomes(app, 2)).toEqual([200, 429]);
      for (let index = 0; index < 15; index++) {
        const { headers } = await app.client().get('/work').expect(200);
        expect(headers['x-ratelimit-limit']).toBeUndefined();
        await app.client().get('/cache/health').expect(200);
      }
    });

    it('has nothing to do with a ThrottlerModule of the app, which goes on as before', async () => {
      @Global()
      @Module({})
      class AppThrottling {}
      const throttlers = [
        { name: 'short', limit: 2, ttl: 60_000 },
        { name: 'default', limit: 5, ttl: 60_000 },
      ];
      const app = await start({
        token: TOKEN,
        http: { admin: { limit: 3 } },
        rest: {
          imports: [ThrottlerModule.forRoot(throttlers), AppThrottling],
          controllers: [Work],
          providers: [{ provide: APP_GUARD, useExisting: ThrottlerGuard }, ThrottlerGuard],
        },
      });
      // The app's guard comes first and is stricter, for every path of its own.
      expect(await outcomes(app, 3)).toEqual([200, 200, 429]);
      const statuses = [];
      for (let index = 0; index < 3; index++) statuses.push((await app.client().get('/work')).status);
      expect(statuses).toEqual([200, 200, 429]);
    });

    it('limits beside a ThrottlerModule of the app that limits nothing here', async () => {
      const app = await start({
        token: TOKEN,
        http: { admin: { limit: 3 } },
        rest: {
          imports: [ThrottlerModule.forRoot({ throttlers: [{ limit: 1_000, ttl: 60_000 }], skipIf: () => true })],
          providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
        },
      });
      expect(await outcomes(app, 4)).toEqual([200, 200, 200, 429]);
    });

    it('refuses to boot where @nestjs/throttler is not installed: never without a limit', async () => {
      const override = [{ token: LOAD_THROTTLER, value: () => Promise.reject(new Error('Cannot find package')) }];
      await expect(start({ token: TOKEN, override })).rejects.toThrow(/run npm install @nestjs\/throttler, or empty/);
      await expect(start({ http: { admin: { guard: ByHeader } }, override })).rejects.toThrow('@nestjs/throttler');
      const app = await start({ override });
      await app.post(TAG).expect(404);
    });

    it('would be caught if the limit were off', async () => {
      const app = await start({ token: TOKEN, http: { admin: { limit: 1 } } });
      const access = app.app.get<AdminAccess>(ADMIN_ACCESS, { strict: false });
      Object.assign(access, { throttle: { canActivate: () => true } });
      expect(await outcomes(app, 12)).toEqual(times(12, 200));
    });

    it('a flood without a token leaves ten lines in the log, and an event for each request', async () => {
      const app = await start({ token: TOKEN });
      await outcomes(app, 40, null);
      expect(app.events).toHaveLength(40);
      expect(app.audited).toHaveLength(10);
      await outcomes(app, 1);
      expect(app.audited).toHaveLength(10);
    });
  });
});
