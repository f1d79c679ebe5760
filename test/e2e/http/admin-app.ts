import type { DynamicModule, INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { AgentCache, CacheModule, CacheScope, type CacheEvents, type CacheModuleOptions } from '../../../src/index.js';
import { CacheHttpModule, type CacheHttpOptions } from '../../../src/http.js';
import { startHttpApp } from '../../support/http-frameworks.js';

export const TOKEN = 'token-of-the-operator-0001';
export const NEXT_TOKEN = 'token-of-the-operator-0002';

export interface AdminAppOptions {
  /** `CACHE_ADMIN_TOKEN` while the app boots; `null`: whatever it is. */
  readonly token?: string | null;
  readonly http?: CacheHttpOptions;
  /** `null`: no `CacheModule`. */
  readonly cache?: CacheModuleOptions | DynamicModule | null;
  readonly rest?: ModuleMetadata;
  readonly prepare?: (app: INestApplication) => void;
  readonly override?: readonly { readonly token: unknown; readonly value: unknown }[];
}

/** A real app with a cache in memory and its HTTP endpoints, and what it says. */
export class AdminApp {
  readonly events: CacheEvents['admin'][] = [];

  private constructor(
    readonly app: INestApplication,
    /** Lines of the log, each with its level and its context in front. */
    readonly logged: string[],
  ) {
    if (this.hasCache) this.cache.on('admin', (event) => void this.events.push(event));
  }

  static async start(framework: string, options: AdminAppOptions = {}): Promise<AdminApp> {
    const { token = '', http, cache = {}, rest = {}, prepare, override = [] } = options;
    const logged: string[] = [];
    const builder = Test.createTestingModule({
      ...rest,
      imports: [
        ...(cache === null ? [] : ['module' in cache ? cache : CacheModule.forRoot({ redis: { url: '' }, ...cache })]),
        http ? CacheHttpModule.forRoot(http) : CacheHttpModule,
        ...(rest.imports ?? []),
      ],
    }).setLogger(collecting(logged));
    const begin = (starting: INestApplication): void => {
      starting.useLogger(collecting(logged));
      prepare?.(starting);
    };
    for (const { token: provided, value } of override) builder.overrideProvider(provided).useValue(value);
    if (token !== null) process.env['CACHE_ADMIN_TOKEN'] = token;
    try {
      return new AdminApp(await startHttpApp(await builder.compile(), framework, begin), logged);
    } finally {
      if (token !== null) delete process.env['CACHE_ADMIN_TOKEN'];
    }
  }

  get cache(): AgentCache {
    return this.app.get(AgentCache, { strict: false });
  }

  get scope(): CacheScope {
    return this.app.get(CacheScope, { strict: false });
  }

  /** Lines of the audit. */
  get audited(): string[] {
    return this.logged.flatMap((line) => line.split(' AgentCacheAudit ')[1] ?? []);
  }

  client(): ReturnType<typeof request> {
    return request(this.app.getHttpServer());
  }

  /** `POST /cache/invalidate` with a token; `null`: without one. */
  post(body: object | string, token: string | null = TOKEN, path = '/cache/invalidate'): request.Test {
    const test = this.client().post(path).type('application/json');
    return (token === null ? test : test.set('Authorization', `Bearer ${token}`)).send(body);
  }

  /** `GET /cache/explain`, likewise. */
  explain(query: object, token: string | null = TOKEN): request.Test {
    const test = this.client().get('/cache/explain').query(query);
    return token === null ? test : test.set('Authorization', `Bearer ${token}`);
  }

  /** What was said so far. */
  forget(): void {
    this.events.length = 0;
    this.logged.length = 0;
  }

  close(): Promise<void> {
    return this.app.close();
  }

  private get hasCache(): boolean {
    try {
      return Boolean(this.cache);
    } catch {
      return false;
    }
  }
}

function collecting(lines: string[]): LoggerService {
  const collect =
    (level: string) =>
    (message: unknown, ...rest: unknown[]): void =>
      void lines.push(`${level} ${String(rest.at(-1))} ${String(message)}`);
  return {
    log: collect('log'),
    warn: collect('warn'),
    error: collect('error'),
    fatal: collect('fatal'),
    debug: collect('debug'),
    verbose: collect('verbose'),
  };
}
