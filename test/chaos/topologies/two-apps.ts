import { setTimeout as sleep } from 'node:timers/promises';
import type { CachePolicy } from '../../../src/core/policy/cache-policy.js';
import type { CacheModuleOptions } from '../../../src/nest/cache.module-definition.js';
import { CachedApp } from '../../support/cached-app.js';
import { until } from '../../support/redis-kit.js';
import { type Copy, OF_BATCH, type Thing, THINGS, Truth } from './truth.js';

export const PREFIX = 'topologies';

/** What an app holds of a thing: the key in Redis. */
export const storageKeyOf = ({ id, way }: Thing): string => `${PREFIX}:${way === 'method' ? `reports:${id}` : id}`;

/** Two apps, as on two machines, on one Redis and one source, which is {@link Truth}. */
export class TwoApps {
  private constructor(
    readonly all: readonly [CachedApp, CachedApp],
    readonly truth: Truth,
  ) {}

  static async start(redis: NonNullable<CacheModuleOptions['redis']>): Promise<TwoApps> {
    const truth = new Truth();
    const open = async (): Promise<CachedApp> => {
      const app = await CachedApp.start({ prefix: PREFIX, redis });
      app.reports.load = (id) => load(truth, id, app);
      return app;
    };
    const apps = new TwoApps([await open(), await open()], truth);
    await apps.untilMemoryServes();
    return apps;
  }

  /** Rounds of all things until both apps serve each from their memories: all that they hold is heard of. */
  async untilMemoryServes(withinMs = 10_000): Promise<number> {
    const startedAtMs = performance.now();
    for (const app of this.all) await until(() => this.servesFromMemory(app), withinMs);
    return performance.now() - startedAtMs;
  }

  async ask(app: CachedApp, thing: Thing): Promise<Copy> {
    if (thing.way === 'method') return app.reports.read(thing.id);
    if (thing.way === 'batch') return (await this.askBatch(app, [thing]))[0] as Copy;
    return app.cache.getOrLoad(thing.id, () => load(this.truth, thing.id, app), policyOf(thing));
  }

  askBatch(app: CachedApp, things: readonly Thing[] = OF_BATCH): Promise<Copy[]> {
    const loadMissing = (missing: string[]): Promise<Copy[]> =>
      Promise.all(missing.map((id) => load(this.truth, id, app)));
    const ids = things.map(({ id }) => id);
    return app.cache.getOrLoadMany(ids, loadMissing, { ttl: '1m', tags: ['batch'] });
  }

  /** Of every thing, in order. */
  async askAll(app: CachedApp): Promise<Copy[]> {
    const others = THINGS.filter(({ way }) => way !== 'batch');
    const [batch, ...rest] = await Promise.all([
      this.askBatch(app),
      ...others.map(async (thing) => [thing, await this.ask(app, thing)] as const),
    ]);
    const copies = new Map<Thing, Copy>(rest);
    OF_BATCH.forEach((thing, index) => copies.set(thing, batch[index] as Copy));
    return THINGS.map((thing) => copies.get(thing) as Copy);
  }

  /** Of both: Nest has one log in a process. */
  get lines(): string[] {
    return this.all.flatMap(({ logged }) => logged);
  }

  close(): Promise<unknown> {
    return Promise.all(this.all.map((app) => app.close()));
  }

  private async servesFromMemory(app: CachedApp): Promise<boolean> {
    const copies = await this.askAll(app);
    const isServed = copies.every((copy) => app.cache.outcomeOf(copy)?.tier === 'memory');
    if (!isServed) await sleep(10);
    return isServed;
  }
}

export const policyOf = ({ tag, row }: Thing): CachePolicy<Copy> => ({
  ttl: '1m',
  tags: [tag],
  dependsOn: row ? [row] : [],
});

async function load(truth: Truth, id: string, app: CachedApp): Promise<Copy> {
  app.reports.loadCount++;
  const copy = truth.copyOf(id);
  // What is true may change before the loader has ended.
  if (app.reports.loadCount % 3 === 0) await sleep(app.reports.loadCount % 5);
  return copy;
}
