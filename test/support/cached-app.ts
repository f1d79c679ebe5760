import { Injectable, type LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentCache } from '../../src/core/cache.js';
import { CacheClient } from '../../src/core/cache-client.js';
import type { CacheEventName, CacheEvents } from '../../src/core/events.js';
import type { CacheModuleOptions } from '../../src/nest/cache.module-definition.js';
import { CacheModule } from '../../src/nest/cache.module.js';
import { Cacheable } from '../../src/nest/decorators/cacheable.decorator.js';

/** What a test looks after. */
const HEARD = ['tierFailed', 'tierRecovered', 'error', 'bypass', 'refused', 'invalidate'] as const;

/** What the service below answers. */
export interface Report {
  readonly id: string;
  /** Of the source, when it was loaded. */
  readonly version: number;
}

/** A provider as apps have it, with a source that a test changes. */
@Injectable()
export class Reports {
  /** How often the source was asked, by either way. */
  loadCount = 0;
  /** The same for each id. */
  readonly loadsOf = new Map<string, number>();
  version = 1;

  /** The decorated method. */
  @Cacheable({ namespace: 'reports', key: (id: string) => id, tags: ['reports'] })
  async read(id: string): Promise<Report> {
    return this.load(id);
  }

  async load(id: string): Promise<Report> {
    this.loadCount++;
    this.loadsOf.set(id, (this.loadsOf.get(id) ?? 0) + 1);
    return { id, version: this.version };
  }
}

export interface Asked {
  readonly report: Report;
  readonly ms: number;
  /** Whether the source was not asked for it. */
  readonly isHit: boolean;
}

/** A Nest app with the cache, in this process, and what it says. */
export class CachedApp {
  /** Lines of the log, each with its level in front, e.g. `warn redis is unavailable (timeout): …`. */
  readonly logged: string[];
  /** Events besides those of ordinary calls, in their order. */
  readonly events: { readonly name: CacheEventName; readonly event: CacheEvents[CacheEventName] }[] = [];
  readonly cache: AgentCache;
  readonly client: CacheClient;
  readonly reports: Reports;

  private constructor(
    readonly app: TestingModule,
    logged: string[],
  ) {
    this.logged = logged;
    this.cache = app.get(AgentCache, { strict: false });
    this.client = app.get(CacheClient, { strict: false });
    this.reports = app.get(Reports);
    for (const name of HEARD) this.cache.on(name, (event) => void this.events.push({ name, event }));
  }

  /** Does not wait for Redis for longer than apps do. */
  static async start(options: CacheModuleOptions): Promise<CachedApp> {
    const logged: string[] = [];
    const app = await Test.createTestingModule({
      imports: [CacheModule.forRoot({ prefix: 'faults', ...options })],
      providers: [Reports],
    })
      .setLogger(collecting(logged))
      .compile();
    await app.init();
    return new CachedApp(app, logged);
  }

  /** Through `AgentCache`, under an entry of its own. */
  viaCache(id = 'a'): Promise<Asked> {
    return this.ask(id, () => this.cache.getOrLoad(`direct:${id}`, () => this.reports.load(id), { tags: ['reports'] }));
  }

  /** Through the decorated method. */
  viaMethod(id = 'a'): Promise<Asked> {
    return this.ask(id, () => this.reports.read(id));
  }

  /** Names of the changes of the tiers, in order, such as `tierFailed redis`. */
  get tierChanges(): string[] {
    return this.events.flatMap(({ name, event }) => ('tier' in event ? [`${name} ${event.tier}`] : []));
  }

  /** Resolves, once both ways answer from the cache, with how long that took in milliseconds; rejects after `withinMs`. */
  async untilHits(withinMs = 5_000): Promise<number> {
    const startedAtMs = performance.now();
    for (;;) {
      const asked = [await this.viaCache(), await this.viaMethod()];
      const ms = performance.now() - startedAtMs;
      if (asked.every(({ isHit }) => isHit)) return ms;
      if (ms > withinMs) throw new Error(`no hits within ${withinMs} ms`);
      await sleep(5);
    }
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** One at a time for each id: whether the source was asked is told by its count. */
  private async ask(id: string, call: () => Promise<Report>): Promise<Asked> {
    const before = this.reports.loadsOf.get(id);
    const startedAtMs = performance.now();
    const report = await call();
    return { report, ms: performance.now() - startedAtMs, isHit: this.reports.loadsOf.get(id) === before };
  }
}

function collecting(lines: string[]): LoggerService {
  const collect =
    (level: string) =>
    (message: unknown, context?: unknown): void => {
      if (context === 'AgentCache' || level !== 'log') lines.push(`${level} ${String(message)}`);
    };
  const ignore = (): void => undefined;
  return {
    log: collect('log'),
    warn: collect('warn'),
    error: collect('error'),
    fatal: collect('fatal'),
    debug: ignore,
    verbose: ignore,
  };
}
