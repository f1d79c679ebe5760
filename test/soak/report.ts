import { describeViolation, type SoakResult } from './soak.js';
import { judge, type Verdict } from './judge.js';
import type { Latencies } from './latencies.js';
import type { PhaseCalls, SlowCall } from './ledger.js';

interface Times {
  readonly calls: number;
  /** What the cache added, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** With the time in which the processes waited for a processor. */
  readonly rawP99Ms: number;
  /** The slowest, with the time in which processes waited for a processor. */
  readonly slowest: readonly SlowCall[];
  /** Share of the calls that were answered from the cache, all told. */
  readonly hitRatio: number;
}

/**
 * What came of a soak; `reports/soak.json` is this object. Milliseconds and bytes, as the names say; times of faults are
 * counted from the beginning.
 */
export interface SoakReport {
  readonly seed: number;
  readonly seconds: number;
  readonly isHeld: boolean;
  /** What had to hold, and what was measured. */
  readonly verdicts: readonly Verdict[];
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Outside of faults, and the time after them in which all heals. */
  readonly quiet: Times & {
    readonly kinds: Readonly<Record<string, Pick<Times, 'calls' | 'p50Ms' | 'p99Ms' | 'maxMs'>>>;
  };
  /** A bare command in the same phases, from a process that does nothing else: what this machine can do. */
  readonly bare: Pick<Times, 'calls' | 'p50Ms' | 'p99Ms' | 'maxMs'>;
  /** By fault, with the time in which all heals; each of all its times together. */
  readonly faults: Readonly<Record<string, Times & { readonly times: number; readonly slowestHealMs: number | null }>>;
  /** When each fault happened, to whom (as numbers of workers), and how long each worker took to hit again. */
  readonly schedule: SoakResult['faults'];
  /** How late calls began after they were due; those that were more than 2 ms late count from when they were due. */
  readonly lateness: { readonly p99Ms: number; readonly maxMs: number };
  /** By worker, at each rest, after collecting garbage. */
  readonly heldBytes: SoakResult['heldBytes'];
  /** How often things happened. */
  readonly counts: SoakResult['counts'];
  /** Stale values, in words. */
  readonly violations: readonly string[];
  /** The first errors, wrong values, rejections and warnings. */
  readonly surprises: readonly string[];
  readonly logged: readonly string[];
}

const MOST_EXAMPLES = 20;
const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;

export function reportOf(result: SoakResult): SoakReport {
  const { ledger, bare, options, counts, seconds, faults, heldBytes, logged, violations, surprises } = result;
  const all = Object.fromEntries(
    [...ledger.faults].map(([fault, calls]) => {
      const own = faults.filter((each) => each.fault === fault);
      return [fault, { ...timesOf(calls), times: own.length, slowestHealMs: slowest(own) }];
    }),
  );
  const verdicts = judge({
    errors: counts.errors ?? 0,
    wrong: counts.wrong ?? 0,
    violations: violations.length,
    unhandledRejections: counts['unhandled rejections'] ?? 0,
    processWarnings: counts['warnings of the process'] ?? 0,
    faultP99Ms: Math.max(0, ...Object.values(all).map(({ p99Ms }) => p99Ms)),
    quietP99Ms: ledger.quiet.added.percentile(0.99),
    bareP99Ms: bare.percentile(0.99),
    notHealed: faults.flatMap(({ healedMs }) => healedMs).filter((ms) => ms === null).length,
    heldBytes,
    logLines: logged.length,
    faultCount: faults.length,
    workers: heldBytes.length,
  });
  return {
    seed: options.seed,
    seconds: round(seconds),
    isHeld: verdicts.every(({ isMet }) => isMet),
    verdicts,
    calls: ledger.count,
    callsPerSecond: Math.round(ledger.count / seconds),
    quiet: { ...timesOf(ledger.quiet), kinds: kindsOf(ledger.quiet) },
    bare: summaryOf(bare),
    faults: all,
    schedule: faults,
    lateness: { p99Ms: round(ledger.lateness.percentile(0.99)), maxMs: round(ledger.lateness.maxMs) },
    heldBytes,
    counts,
    violations: violations.slice(0, MOST_EXAMPLES).map(describeViolation),
    surprises,
    logged,
  };
}

function timesOf({ added, raw, hits, slowest }: PhaseCalls): Times {
  return {
    ...summaryOf(added),
    slowest,
    rawP99Ms: round(raw.percentile(0.99)),
    hitRatio: round(hits / Math.max(1, added.count)),
  };
}

const summaryOf = (latencies: Latencies): Pick<Times, 'calls' | 'p50Ms' | 'p99Ms' | 'maxMs'> => ({
  calls: latencies.count,
  p50Ms: round(latencies.percentile(0.5)),
  p99Ms: round(latencies.percentile(0.99)),
  maxMs: round(latencies.maxMs),
});

const kindsOf = ({ kinds }: PhaseCalls): SoakReport['quiet']['kinds'] =>
  Object.fromEntries([...kinds].map(([kind, latencies]) => [kind, summaryOf(latencies)]));

/** `null`: one did not heal in time. */
function slowest(faults: SoakResult['faults']): number | null {
  const healed = faults.flatMap(({ healedMs }) => healedMs);
  return healed.includes(null) ? null : Math.max(...healed.map(Number));
}
