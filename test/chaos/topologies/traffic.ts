import { setTimeout as sleep } from 'node:timers/promises';
import type { CachedApp } from '../../support/cached-app.js';
import { Checker, type Violation } from '../../race/checker.js';
import { Random } from '../../race/random.js';
import { nowMs } from '../../race/world.js';
import { GROUP_TARGETS, KEY_TARGETS, OF_BATCH, PATTERN_TARGETS, type Target, type Thing, THINGS } from './truth.js';
import { Turns } from './turns.js';
import { policyOf, type TwoApps } from './two-apps.js';

/** The freshness lease and a margin, as in the race. */
const LEASE_MS = 600;
const ACTORS_PER_APP = 4;
const MOST_EXAMPLES = 5;
const SEED = Number(process.env.TOPOLOGIES_SEED ?? Math.floor(Math.random() * 1_000_000_000));

/** What traffic has come to. */
export interface TrafficReport {
  /** In words: what was older than it might be. */
  readonly stale: readonly string[];
  /** What callers were thrown. */
  readonly errors: readonly string[];
  /** The most that a call took which is bound to the timeout, in milliseconds, less what held up the event loop. */
  readonly longest: { readonly ms: number; readonly what: string };
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Random use of two apps: reads by every way, changes of what is true and the invalidations that follow. What is read is
 * judged by what was invalidated before: on the instance that was told, at once and whether it was acknowledged or not; on
 * the other, once it is acknowledged, within the lease.
 */
export class Traffic {
  private readonly acknowledged = new Checker([0, 1], LEASE_MS);
  /** Of what was told, whether acknowledged or not: its instance must not serve what is older. */
  private readonly told = new Checker([0, 1], Infinity);
  private readonly errors: string[] = [];
  private readonly counts: Record<string, number> = {};
  private longest = { ms: 0, what: '' };
  private readonly turns = new Turns();
  private isWanted = true;
  private readonly running: Promise<unknown>;

  private constructor(private readonly apps: TwoApps) {
    const actors = apps.all.flatMap((_, instance) =>
      Array.from({ length: ACTORS_PER_APP }, (__, actor) => this.act(instance, new Random(SEED, instance, actor))),
    );
    this.running = Promise.all(actors);
  }

  static begin(apps: TwoApps): Traffic {
    return new Traffic(apps);
  }

  /** Resolves, when nothing is under way and everything was looked at once more, with what has come of it. */
  async end(): Promise<TrafficReport> {
    this.isWanted = false;
    await this.running;
    this.judge();
    await sleep(LEASE_MS);
    await this.lookAtRest();
    this.turns.stop();
    const violations = [...this.acknowledged.violations, ...this.told.violations];
    return {
      stale: violations.slice(0, MOST_EXAMPLES).map((violation) => `seed ${SEED}: ${describe(violation)}`),
      errors: this.errors.slice(0, MOST_EXAMPLES),
      longest: this.longest,
      counts: this.counts,
    };
  }

  private async act(instance: number, random: Random): Promise<void> {
    const app = this.apps.all[instance] as CachedApp;
    while (this.isWanted) {
      await sleep(random.integer(1, 9));
      const kind = random.weighted({ one: 60, batch: 12, key: 7, group: 7, write: 3, pattern: 1 });
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      try {
        if (kind === 'one') await this.read(instance, app, [random.of(THINGS)]);
        else if (kind === 'batch') await this.read(instance, app, OF_BATCH);
        else if (kind === 'write') await this.write(instance, app, random.of(THINGS.filter(isDirect)));
        else await this.change(instance, app, random.of(TARGETS[kind]));
      } catch (error) {
        this.errors.push(`${kind}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
  }

  private async read(instance: number, app: CachedApp, things: readonly Thing[]): Promise<void> {
    const startedAtMs = nowMs();
    const copies =
      things === OF_BATCH
        ? await this.timed('getOrLoadMany', () => this.apps.askBatch(app))
        : [await this.timed('getOrLoad', () => this.apps.ask(app, things[0] as Thing))];
    copies.forEach((copy, index) => {
      const { status, tier } = app.cache.outcomeOf(copy) ?? {};
      const from = `${status ?? 'loaded'} ${tier ?? ''}`;
      this.counts[from] = (this.counts[from] ?? 0) + 1;
      const read = { thing: things[index]?.index as number, version: copy.version, instance, startedAtMs, from };
      this.acknowledged.read(read);
      this.told.read(read);
    });
  }

  private async change(instance: number, app: CachedApp, { target, covered }: Target): Promise<void> {
    const versions = this.apps.truth.change(covered);
    const isBounded = !('pattern' in target);
    const invalidate = (): Promise<{ acknowledged: boolean }> => app.cache.invalidate(target);
    const { acknowledged } = await (isBounded ? this.timed('invalidate', invalidate) : invalidate());
    this.confirm(instance, covered, versions, { acknowledged, form: JSON.stringify(target) });
  }

  private async write(instance: number, app: CachedApp, thing: Thing): Promise<void> {
    // Others may change it while the cache waits for Redis, before it persists.
    const copy = { id: thing.id, version: 0 };
    const persist = async (): Promise<void> => void ([copy.version = 0] = this.apps.truth.change([thing]));
    await this.timed('writeThrough', () => app.cache.writeThrough(thing.id, copy, persist, policyOf(thing)));
    this.confirm(instance, [thing], [copy.version], { acknowledged: false, form: 'writeThrough' });
  }

  private confirm(
    instance: number,
    things: readonly Thing[],
    versions: readonly number[],
    { acknowledged, form }: { readonly acknowledged: boolean; readonly form: string },
  ): void {
    const atMs = nowMs();
    this.counts[acknowledged ? 'acknowledged' : 'unconfirmed'] =
      (this.counts[acknowledged ? 'acknowledged' : 'unconfirmed'] ?? 0) + 1;
    things.forEach(({ index: thing }, at) => {
      const told = { thing, version: versions[at] as number, instance, atMs, form };
      this.told.acknowledge(told);
      if (acknowledged) this.acknowledged.acknowledge(told);
    });
  }

  private async timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now() - this.turns.heldUpMs;
    const value = await work();
    const ms = performance.now() - this.turns.heldUpMs - startedAtMs;
    if (ms > this.longest.ms) this.longest = { ms, what };
    return value;
  }

  private judge(): void {
    for (const checker of [this.acknowledged, this.told]) checker.advance(Infinity);
  }

  private async lookAtRest(): Promise<void> {
    for (const [instance, app] of this.apps.all.entries()) {
      const startedAtMs = nowMs();
      const copies = await this.apps.askAll(app);
      copies.forEach(({ version }, thing) => {
        const read = { thing, version, instance, startedAtMs, from: 'at rest' };
        this.acknowledged.judgeQuiescent(read);
        this.told.judgeQuiescent(read);
      });
    }
  }
}

const TARGETS = { key: KEY_TARGETS, group: GROUP_TARGETS, pattern: PATTERN_TARGETS };
const isDirect = ({ way }: Thing): boolean => way === 'direct';

function describe({ kind, read, missed }: Violation): string {
  const later = (read.startedAtMs - missed.atMs).toFixed(1);
  return (
    `${kind}: app ${read.instance} read ${THINGS[read.thing]?.id} as version ${read.version} (${read.from}), ${later} ms ` +
    `after app ${missed.instance} had made all before ${missed.version} unusable (${missed.form})`
  );
}
