import { expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordFault } from '../../support/fault-report.js';
import { until } from '../../support/redis-kit.js';
import type { RedisServer } from '../../support/redis-server.js';
import type { CachedApp } from '../../support/cached-app.js';
import { Traffic, type TrafficReport } from './traffic.js';
import { type Thing, THINGS } from './truth.js';
import { storageKeyOf, type TwoApps } from './two-apps.js';

/** What Redis may add to a call, and what a busy machine adds besides. */
export const BOUND_MS = 100 + 60;
/** How long an app may go on with what it has in memory after it was cut off, and some turns of the event loop. */
const LEASE_MS = 500 + 100;
/** From when servers have settled until both apps are served from the cache again. */
export const HEAL_BOUND_MS = 3_000;
const BEFORE_MS = 300;
const AFTER_MS = 500;

export interface Fault {
  /** Resolves when the fault is over: who is to answer from then on can. */
  readonly happen: () => Promise<void>;
  /** Brings back what was lost, if anything. */
  readonly mend?: () => Promise<void>;
}

export interface Outcome {
  readonly report: TrafficReport;
  /** From the end of the fault until both apps had been served from the cache, by either way. */
  readonly healedMs: number;
}

/** Lets a fault happen, and what was lost come back, while both apps are in use. */
export async function underTraffic(apps: TwoApps, { happen, mend }: Fault): Promise<Outcome> {
  const traffic = Traffic.begin(apps);
  await sleep(BEFORE_MS);
  try {
    await happen();
    const healedMs = await untilServed(apps);
    await mend?.();
    await sleep(AFTER_MS);
    return { report: await traffic.end(), healedMs };
  } catch (error) {
    await traffic.end();
    throw error;
  }
}

/** Nobody was thrown anything, waited for longer than is promised, or got what was invalidated before. */
export function expectPromisesKept({ stale, errors, longest }: TrafficReport): void {
  expect({ stale, errors }).toEqual({ stale: [], errors: [] });
  expect(longest.ms <= BOUND_MS || longest).toBe(true);
}

/** One row of the table of faults. */
export function recordTopology(fault: string, caller: string, { report, healedMs }: Outcome): void {
  const times = { boundMs: BOUND_MS, addedMs: Math.round(report.longest.ms) };
  recordFault({
    class: 'topologies',
    fault,
    caller,
    ...times,
    healedMs: Math.round(healedMs),
    healBoundMs: HEAL_BOUND_MS,
  });
}

/** Rests until both apps hold everything; then what somebody else deletes on any of the masters leaves both memories. */
export async function expectAllHeard(apps: TwoApps, ownerOf: (key: string) => Promise<RedisServer>): Promise<void> {
  await apps.untilMemoryServes();
  const heard = new Set<RedisServer>();
  for (const thing of THINGS) {
    const key = storageKeyOf(thing);
    const owner = await ownerOf(key);
    if (heard.has(owner)) continue;
    heard.add(owner);
    const [version] = apps.truth.change([thing]);
    await owner.command('DEL', key);
    for (const app of apps.all) {
      await until(() => apps.ask(app, thing).then((copy) => copy.version === version), LEASE_MS);
    }
  }
}

/** Of the first thing, whose master is the one that was lost, and of one that a method answers. */
async function untilServed(apps: TwoApps): Promise<number> {
  const startedAtMs = performance.now();
  const things = [THINGS[0], THINGS.find(({ way }) => way === 'method')] as Thing[];
  const untilHit = (app: CachedApp, thing: Thing): Promise<void> =>
    until(async () => app.cache.outcomeOf(await apps.ask(app, thing))?.status === 'hit', HEAL_BOUND_MS);
  await Promise.all(apps.all.flatMap((app) => things.map((thing) => untilHit(app, thing))));
  return performance.now() - startedAtMs;
}
