import { LIMITS } from './judge.js';
import { Latencies } from './latencies.js';
import type { CallRecord, LoadRecord, SoakBatch } from './records.js';
import type { Phase, Timeline } from './timeline.js';

/** `CACHE_REDIS_TIMEOUT`: who waits that long does so by design. */
const TIMEOUT_MS = 100;
/** No loader takes longer, in milliseconds. */
const LOADS_KEPT_MS = 10_000;

/** How it came that a call was slow. Milliseconds. */
export interface SlowCall extends Pick<CallRecord, 'kind' | 'queuedMs' | 'peersQueuedMs'> {
  readonly addedMs: number;
  readonly rawMs: number;
}

const SLOWEST_KEPT = 5;

/** Calls of one phase. */
export interface PhaseCalls {
  /** What the cache added. */
  readonly added: Latencies;
  /** The same, with the time in which the machine was busy with others. */
  readonly raw: Latencies;
  readonly kinds: Map<string, Latencies>;
  /** The slowest, slowest first. */
  readonly slowest: SlowCall[];
  hits: number;
}

/** Finds out what the cache has added to each call: its time, less that in which a loader that it may have waited for ran. */
export class Ledger {
  readonly quiet = newPhase();
  /** By fault. */
  readonly faults = new Map<string, PhaseCalls>();
  /** How late calls began. */
  readonly lateness = new Latencies();
  count = 0;
  private waiting: CallRecord[] = [];
  private readonly loads = new Map<number, LoadRecord[]>();

  constructor(private readonly timeline: Timeline) {}

  learn({ calls, loads }: Pick<SoakBatch, 'calls' | 'loads'>): void {
    for (const load of loads) {
      const known = this.loads.get(load.thing) ?? [];
      this.loads.set(load.thing, known);
      known.push(load);
      while ((known[0]?.endedAtMs ?? Infinity) < load.endedAtMs - LOADS_KEPT_MS) known.shift();
    }
    this.waiting.push(...calls);
    this.count += calls.length;
  }

  /** All loads that ended up to `knownUpToMs`, and the phases up to then, are known. */
  advance(knownUpToMs: number): void {
    const { waiting } = this;
    this.waiting = [];
    for (const call of waiting) {
      if (call.endedAtMs > knownUpToMs) this.waiting.push(call);
      else this.enter(call);
    }
  }

  private enter(call: CallRecord): void {
    const phase = this.timeline.of(call.dueAtMs, call.endedAtMs);
    const calls = this.callsOf(phase);
    if (!calls) return;
    const rawMs = Math.max(0, call.endedAtMs - call.dueAtMs - this.loadedMs(call) - call.sourceMs);
    const addedMs = excused(phase, rawMs, call);
    calls.raw.add(rawMs);
    calls.added.add(addedMs);
    const ofKind = calls.kinds.get(call.kind) ?? new Latencies();
    calls.kinds.set(call.kind, ofKind);
    ofKind.add(addedMs);
    if (call.hit) calls.hits++;
    this.keepIfSlow(calls.slowest, { ...call, addedMs, rawMs });
    this.lateness.add(call.startedAtMs - call.dueAtMs);
  }

  private keepIfSlow(slowest: SlowCall[], call: SlowCall): void {
    if (call.addedMs <= (slowest[SLOWEST_KEPT - 1]?.addedMs ?? 0)) return;
    const { kind, addedMs, rawMs, queuedMs, peersQueuedMs } = call;
    slowest.push({ kind, addedMs, rawMs, queuedMs, peersQueuedMs });
    slowest.sort((one, other) => other.addedMs - one.addedMs);
    slowest.length = Math.min(slowest.length, SLOWEST_KEPT);
  }

  private callsOf(phase: Phase): PhaseCalls | null {
    if (phase.name === 'apart') return null;
    if (phase.name === 'quiet') return this.quiet;
    const calls = this.faults.get(phase.fault) ?? newPhase();
    this.faults.set(phase.fault, calls);
    return calls;
  }

  /** For how long of the call a loader of one of its things ran, in whatever process. */
  private loadedMs({ things, startedAtMs, endedAtMs }: CallRecord): number {
    const spans = things
      .flatMap((thing) => this.loads.get(thing) ?? [])
      .map((load): [number, number] => [Math.max(load.startedAtMs, startedAtMs), Math.min(load.endedAtMs, endedAtMs)])
      .filter(([from, to]) => from < to)
      .sort(([one], [other]) => one - other);
    let [sum, untilMs] = [0, 0];
    for (const [from, to] of spans) {
      sum += Math.max(0, to - Math.max(from, untilMs));
      untilMs = Math.max(untilMs, to);
    }
    return sum;
  }
}

/**
 * What is beyond the limit of its phase counts less by the time in which the machine was busy with others, down to the limit. With
 * a Redis that is there, the processes that answer count, too; without it, only who waits.
 */
function excused({ name }: Phase, rawMs: number, { queuedMs, peersQueuedMs }: CallRecord): number {
  const isQuiet = name === 'quiet';
  const limitMs = isQuiet ? LIMITS.quietP99Ms : TIMEOUT_MS;
  return rawMs <= limitMs ? rawMs : Math.max(limitMs, rawMs - queuedMs - (isQuiet ? peersQueuedMs : 0));
}

const newPhase = (): PhaseCalls => ({
  added: new Latencies(),
  raw: new Latencies(),
  kinds: new Map(),
  slowest: [],
  hits: 0,
});
