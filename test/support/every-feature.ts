import { setTimeout as sleep } from 'node:timers/promises';
import { type CachedApp } from './cached-app.js';
import { until } from './redis-kit.js';

/** Longer than a lease holds by itself before it is kept up. */
const SLOW_MS = 600;

/** Resolves once the condition holds, with `true`, or after a moment, with `false`. */
type Comes = (condition: () => Promise<boolean>, moments?: number) => Promise<boolean>;
/** Whether one thing that the cache does comes about. */
type Feature = (app: CachedApp, comes: Comes) => Promise<boolean>;

const FEATURES: Readonly<Record<string, Feature>> = {
  'is hit': async ({ cache }, comes) => {
    await cache.getOrLoad('hit', load(1));
    return comes(() => isHit(cache, 'hit'));
  },
  'is hit in memory': ({ cache }, comes) =>
    comes(async () => cache.outcomeOf(await cache.getOrLoad('held', load({ a: 1 })))?.tier === 'memory', 3),
  'is stored after a load that failed': async ({ cache }, comes) => {
    await cache.getOrLoad('failed', failing).catch(() => {});
    await cache.getOrLoad('failed', load(1));
    return comes(() => isHit(cache, 'failed'));
  },
  'stays when a refresh fails': async ({ cache }, comes) => {
    await cache.getOrLoad('kept', load(1));
    await comes(() => isHit(cache, 'kept'));
    await cache.getOrLoad('kept', failing, { control: { refresh: true } }).catch(() => {});
    return (await cache.getOrLoad('kept', load(2))) === 1;
  },
  'is written in place of another': async ({ cache }) => {
    await cache.set('written', 1);
    await cache.set('written', 2);
    return (await cache.get('written')) === 2;
  },
  'set and get': async ({ client }) => (await client.set('k', 'v')) && (await client.get('k')) === 'v',
  setMany: ({ client }) =>
    client.setMany([
      ['p:1', '1'],
      ['p:2', '2'],
    ]),
  getMany: async ({ client }) => (await client.getMany(['p:1', 'p:2'])).join() === '1,2',
  setIfAbsent: ({ client }) => client.setIfAbsent('absent', 'v'),
  increment: async ({ client }) => (await client.increment('n')) === 1,
  healthCheck: async ({ client }) => {
    const { connected, memory } = await client.healthCheck();
    return connected && memory.usedBytes !== null;
  },
};

/** Takes longer than a lease holds by itself. */
const SLOW: Readonly<Record<string, Feature>> = {
  'is stored after a slow load': async ({ cache }, comes) => {
    await cache.getOrLoad('slow', async () => {
      await sleep(SLOW_MS);
      return 1;
    });
    return comes(() => isHit(cache, 'slow'));
  },
};

/** Nothing may be under way, because a pattern makes that void. */
const INVALIDATIONS: Readonly<Record<string, Feature>> = {
  'is invalidated by tag': async ({ cache }) => {
    await cache.getOrLoad('tagged', load(1), { tags: ['t'] });
    const { acknowledged } = await cache.invalidate({ tag: 't' });
    return acknowledged && (await cache.getOrLoad('tagged', load(2), { tags: ['t'] })) === 2;
  },
  'is invalidated by key': async ({ cache }) => (await cache.invalidate({ key: 'written' })).acknowledged,
  delete: ({ client }) => client.delete('k'),
  invalidatePattern: async ({ client }) => (await client.invalidatePattern('p:*')) === 2,
};

/** What a second instance does with what the first has left. */
const OF_A_SECOND: Readonly<Record<string, Feature>> = {
  'is stored by a second instance': async ({ cache }, comes) => {
    await cache.getOrLoad('second', load(1), { tags: ['t'] });
    return comes(() => isHit(cache, 'second', { tags: ['t'] }));
  },
};

export interface Found {
  /** What does not come about. */
  readonly failed: string[];
  /** Lines of the log, of each app. */
  readonly logged: string[][];
  /** The most that any of some ordinary calls took, in milliseconds. */
  readonly slowestMs: number;
}

/**
 * Everything that the cache does with Redis, in two apps one after another. `soonMs`: how long what happens behind a call,
 * such as storing its result, may take.
 */
export async function everyFeature(start: () => Promise<CachedApp>, soonMs: number): Promise<Found> {
  const comes: Comes = (condition, moments = 1) =>
    until(condition, soonMs * moments).then(
      () => true,
      () => false,
    );
  const failed: string[] = [];
  const logged: string[][] = [];
  let slowestMs = 0;
  const using = async (
    work: (run: (features: Readonly<Record<string, Feature>>) => Promise<void>) => Promise<void>,
  ) => {
    const app = await start();
    slowestMs = Math.max(slowestMs, await slowestOf(app));
    await work(async (features) => {
      for (const [name, feature] of Object.entries(features)) if (!(await feature(app, comes))) failed.push(name);
    });
    logged.push(app.logged);
    await app.close();
  };
  await using(async (run) => {
    await Promise.all([run(SLOW), run(FEATURES)]);
    await run(INVALIDATIONS);
  });
  await using((run) => run(OF_A_SECOND));
  return { failed, logged, slowestMs };
}

/** Asks some times by either way, and rejects unless the answers are right. */
async function slowestOf(app: CachedApp): Promise<number> {
  let slowestMs = 0;
  for (let time = 0; time < 5; time++) {
    for (const { report, ms } of [await app.viaCache(), await app.viaMethod()]) {
      if (report.id !== 'a' || report.version !== 1) throw new Error(`a wrong answer: ${JSON.stringify(report)}`);
      slowestMs = Math.max(slowestMs, ms);
    }
  }
  return slowestMs;
}

const load =
  <T>(value: T) =>
  (): Promise<T> =>
    Promise.resolve(value);

const failing = (): Promise<never> => Promise.reject(new Error('of the loader'));

const isHit = async (cache: CachedApp['cache'], key: string, policy: { tags?: string[] } = {}): Promise<boolean> =>
  (await cache.explain(key, policy)).status === 'hit';
