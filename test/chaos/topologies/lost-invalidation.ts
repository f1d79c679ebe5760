import { expect, jest } from '@jest/globals';
import { RecentInvalidations } from '../../../src/core/invalidation/recent-invalidations.js';
import { recordFault } from '../../support/fault-report.js';
import { timed, until } from '../../support/redis-kit.js';
import type { RedisServer } from '../../support/redis-server.js';
import type { CachedApp } from '../../support/cached-app.js';
import { BOUND_MS, HEAL_BOUND_MS } from './trial.js';
import type { Copy, Target, Thing } from './truth.js';
import type { TwoApps } from './two-apps.js';

/** A master and its replica. */
export interface Pair {
  readonly master: RedisServer;
  readonly replica: RedisServer;
}

/** Until mocks are restored, no instance remembers what it has invalidated once that is acknowledged. */
export function forgetWhatIsAcknowledged(): void {
  const nothing = { groups: [], storageKeys: [], everything: false };
  jest.spyOn(RecentInvalidations.prototype, 'recent').mockReturnValue(nothing);
}

/** The replica has all that was written so far, hears of nothing more that happens on the master, and cannot find out. */
export async function cutOff({ master, replica }: Pair): Promise<void> {
  const offsetOf = async (server: RedisServer, name: string): Promise<number> =>
    Number(new RegExp(`${name}:(\\d+)`).exec(String(await server.command('INFO', 'replication')))?.[1]);
  const written = await offsetOf(master, 'master_repl_offset');
  await until(async () => (await offsetOf(replica, 'slave_repl_offset')) >= written);
  replica.pause();
  await master.command('CLIENT', 'KILL', 'TYPE', 'replica');
  await until(async () => String(await master.command('INFO', 'replication')).includes('connected_slaves:0'));
}

/** The first app makes what is covered unusable, which is acknowledged; then the replica takes over, which has not heard of it. */
export async function loseInvalidation(apps: TwoApps, { target, covered }: Target, pair: Pair): Promise<void> {
  await cutOff(pair);
  apps.truth.change(covered);
  const answer = await apps.all[0].cache.invalidate(target);
  await pair.master.kill();
  pair.replica.resume();
  if (!answer.acknowledged) throw new Error('the invalidation was not acknowledged, so it cannot be lost');
}

export interface Reads {
  /** Of the first app, which has invalidated. */
  readonly own: Copy[];
  readonly others: Copy[];
  /** The most that a read took, in milliseconds. */
  longestMs: number;
  /** Until both apps had been served what is current from the cache. */
  healedMs: number;
}

/** Reads of both apps, one after another, until each has had `hits` hits of Redis or memory in a row that are as new as what is true. */
export async function readUntilCurrent(apps: TwoApps, thing: Thing, withinMs: number): Promise<Reads> {
  const reads: Reads = { own: [], others: [], longestMs: 0, healedMs: 0 };
  const startedAtMs = performance.now();
  const current = apps.truth.versionOf(thing);
  const rows = [0, 0];
  const ask = async (app: CachedApp, into: Copy[]): Promise<boolean> => {
    const { value: copy, ms } = await timed(() => apps.ask(app, thing));
    reads.longestMs = Math.max(reads.longestMs, ms);
    into.push(copy);
    return copy.version === current && app.cache.outcomeOf(copy)?.status === 'hit';
  };
  await until(async () => {
    const areCurrent = [await ask(apps.all[0], reads.own), await ask(apps.all[1], reads.others)];
    areCurrent.forEach((isCurrent, index) => (rows[index] = isCurrent ? (rows[index] as number) + 1 : 0));
    if (rows.every((row) => row <= 1)) reads.healedMs = performance.now() - startedAtMs;
    return rows.every((row) => row >= 20);
  }, withinMs);
  return reads;
}

/** Neither app serves what was made unusable: the first never, the other not any more. `fault`: its row in the report. */
export async function expectRepaired(apps: TwoApps, { covered }: Target, fault?: string): Promise<void> {
  const thing = covered[0] as Thing;
  const current = apps.truth.versionOf(thing);
  const { own, others, longestMs, healedMs } = await readUntilCurrent(apps, thing, HEAL_BOUND_MS);
  expect(longestMs).toBeLessThan(BOUND_MS);
  expect(own.filter(({ version }) => version < current)).toEqual([]);
  expect(others.at(-1)).toMatchObject({ version: current });
  if (fault === undefined) return;
  const caller = 'never the old value on the instance that invalidated; on others not after the repetition';
  const times = { boundMs: BOUND_MS, addedMs: Math.round(longestMs), healedMs: Math.round(healedMs) };
  recordFault({ class: 'topologies', fault, caller, ...times, healBoundMs: HEAL_BOUND_MS });
}

/** With `minReplicas: 1`: acknowledged is what the replica has, and nothing else. */
export async function expectStrict(apps: TwoApps, { target, covered }: Target, { replica }: Pair): Promise<void> {
  const [app] = apps.all;
  const thing = covered[0] as Thing;
  const invalidate = async (): Promise<boolean> => {
    apps.truth.change(covered);
    const { value, ms } = await timed(() => app.cache.invalidate(target));
    expect(ms).toBeLessThan(BOUND_MS);
    expect(await apps.ask(app, thing)).toMatchObject({ version: apps.truth.versionOf(thing) });
    return value.acknowledged;
  };
  await until(invalidate);
  replica.pause();
  expect(await invalidate()).toBe(false);
  expect(await invalidate()).toBe(false);
  replica.resume();
  await until(invalidate);
  await expectRepaired(apps, { target, covered });
}
