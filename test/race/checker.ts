import { THINGS } from './world.js';

/** An invalidation is acknowledged: what is read of the thing from then on must be at least of `version`. */
export interface Acknowledged {
  readonly thing: number;
  readonly version: number;
  /** Number of the instance that was told. */
  readonly instance: number;
  readonly atMs: number;
  /**
   * `outside`: somebody deleted the key behind the back of the cache. `unconfirmed`: the store did not confirm, so it holds for
   * the instance that was told alone, until nothing is under way any more.
   */
  readonly form: string;
}

export interface ReadRecord {
  readonly thing: number;
  readonly version: number;
  readonly instance: number;
  readonly startedAtMs: number;
  /** How it came about, for reports. */
  readonly from: string;
}

export type ViolationKind = 'own' | 'elsewhere' | 'quiescent';

export interface Violation {
  readonly kind: ViolationKind;
  readonly read: ReadRecord;
  readonly missed: Acknowledged;
}

/** In the order of time, with the greatest version up to then. */
type Line = { readonly atMs: number; readonly greatest: Acknowledged }[];

/**
 * Judges reads by the invalidations that were acknowledged before they began.
 *
 * `own`: by the instance that reads. `elsewhere`: by anybody, at least `leaseMs` before, also from outside. `quiescent`:
 * by anybody, where nothing is under way.
 */
export class Checker {
  readonly violations: Violation[] = [];
  private readonly lines = new Map<string, Line>();
  private waiting: ReadRecord[] = [];

  /** `leaseMs`: the freshness lease and a margin. */
  constructor(
    private readonly instances: readonly number[],
    private readonly leaseMs: number,
  ) {}

  /** What one instance was told comes in the order of its times. */
  acknowledge(acknowledged: Acknowledged): void {
    const id = idOf(acknowledged.thing, acknowledged.instance, audienceOf(acknowledged));
    const line = this.lines.get(id) ?? [];
    this.lines.set(id, line);
    const { greatest = acknowledged } = line.at(-1) ?? {};
    line.push({
      atMs: acknowledged.atMs,
      greatest: greatest.version > acknowledged.version ? greatest : acknowledged,
    });
  }

  /** Judged by {@link advance}, because what it must be judged by may not be known yet. */
  read(read: ReadRecord): void {
    this.waiting.push(read);
  }

  /** All that was acknowledged up to `knownUpToMs` is known: what began before can be judged. */
  advance(knownUpToMs: number): void {
    const { waiting } = this;
    this.waiting = [];
    for (const read of waiting) {
      if (read.startedAtMs > knownUpToMs) this.waiting.push(read);
      else this.judge(read);
    }
  }

  /** Of a read while nothing is under way. */
  judgeQuiescent(read: ReadRecord): void {
    this.compare('quiescent', read, this.latestOf(read.thing, this.instances, ['all', 'others', 'own'], Infinity));
  }

  private judge(read: ReadRecord): void {
    const { thing, instance, startedAtMs } = read;
    const isFresh = this.compare('own', read, this.latestOf(thing, [instance], ['all', 'own'], startedAtMs));
    const told = (): Acknowledged | undefined =>
      this.latestOf(thing, this.instances, ['all', 'others'], startedAtMs - this.leaseMs);
    if (isFresh) this.compare('elsewhere', read, told());
  }

  /** `false`: it is a violation. */
  private compare(kind: ViolationKind, read: ReadRecord, missed: Acknowledged | undefined): boolean {
    if (!missed || read.version >= missed.version) return true;
    this.violations.push({ kind, read, missed });
    return false;
  }

  private latestOf(
    thing: number,
    instances: readonly number[],
    audiences: readonly Audience[],
    beforeMs: number,
  ): Acknowledged | undefined {
    const lines = instances.flatMap((instance) => audiences.map((audience) => idOf(thing, instance, audience)));
    const latest = lines.flatMap((line) => this.latestBefore(line, beforeMs) ?? []);
    return latest.sort((one, other) => other.version - one.version)[0];
  }

  private latestBefore(id: string, beforeMs: number): Acknowledged | undefined {
    const line = this.lines.get(id) ?? [];
    let [from, to] = [0, line.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((line[middle]?.atMs ?? Infinity) < beforeMs) from = middle + 1;
      else to = middle;
    }
    return line[from - 1]?.greatest;
  }
}

/** For whom an invalidation holds: `own`: the instance that was told; `others`: all, once they have had time to hear of it. */
type Audience = 'all' | 'others' | 'own';

const audienceOf = ({ form }: Acknowledged): Audience =>
  form === 'outside' ? 'others' : form === 'unconfirmed' ? 'own' : 'all';

const idOf = (thing: number, instance: number, audience: Audience): string => `${thing} ${instance} ${audience}`;

export function describeViolation({ kind, read, missed }: Violation): string {
  const key = THINGS[read.thing]?.key;
  const later = (read.startedAtMs - missed.atMs).toFixed(1);
  return (
    `${kind}: instance ${read.instance} read ${key} as version ${read.version} (${read.from}), ${later} ms after ` +
    `instance ${missed.instance} had made all before ${missed.version} unusable (${missed.form})`
  );
}
