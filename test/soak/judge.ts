/** What a soak has to hold. */
export const LIMITS = {
  /** What the cache may add to 99 of 100 calls, in milliseconds. */
  faultP99Ms: 105,
  quietP99Ms: 1,
  /** Where a bare command takes longer than a quarter of that, so many of them: read, versions and lease, and some way to go. */
  quietRoundTrips: 4,
  /** By which what a worker holds at rest may grow, from the first third of the samples to the last. */
  grownBytes: 6 * 1_048_576,
  /** Lines that a worker may log for one fault: each tier goes and comes back once. */
  linesPerFault: 4,
} as const;

export interface Measured {
  readonly errors: number;
  readonly wrong: number;
  readonly violations: number;
  readonly unhandledRejections: number;
  readonly processWarnings: number;
  readonly faultP99Ms: number;
  readonly quietP99Ms: number;
  /** Of a bare command at the same times. */
  readonly bareP99Ms: number;
  /** How often a worker had no hit in the time that it has after a fault. */
  readonly notHealed: number;
  /** By worker: what was held at each rest, in the order of time. */
  readonly heldBytes: readonly (readonly number[])[];
  readonly logLines: number;
  readonly faultCount: number;
  readonly workers: number;
}

/** One thing that has to hold, and what was measured of it. */
export interface Verdict {
  readonly isMet: boolean;
  readonly text: string;
}

export function judge(measured: Measured): Verdict[] {
  const none = (count: number, what: string): Verdict => ({ isMet: count === 0, text: `${what}: ${count}` });
  const most = (ms: number, limitMs: number, what: string): Verdict => ({
    isMet: ms <= limitMs,
    text: `${what} at most ${limitMs} ms: ${ms.toFixed(ms < 10 ? 2 : 0)} ms`,
  });
  const grown = Math.max(...measured.heldBytes.map(growthOf));
  const mostLines = LIMITS.linesPerFault * measured.faultCount * measured.workers;
  return [
    none(measured.errors, 'errors to callers'),
    none(measured.wrong, 'wrong values'),
    none(measured.violations, 'stale values'),
    none(measured.unhandledRejections, 'unhandled rejections'),
    none(measured.processWarnings, 'warnings of the processes'),
    most(measured.faultP99Ms, LIMITS.faultP99Ms, 'added during faults, p99'),
    most(measured.quietP99Ms, quietLimitOf(measured), 'added outside of faults, p99'),
    none(measured.notHealed, 'without hits in time after a fault'),
    { isMet: grown <= LIMITS.grownBytes, text: `grown by at most ${mb(LIMITS.grownBytes)}: ${mb(grown)}` },
    { isMet: measured.logLines <= mostLines, text: `log lines at most ${mostLines}: ${measured.logLines}` },
  ];
}

/** A machine on which a bare command takes long cannot show what the cache adds to it: then it may take four of them. */
const quietLimitOf = ({ bareP99Ms }: Measured): number =>
  Math.max(LIMITS.quietP99Ms, Math.ceil(LIMITS.quietRoundTrips * bareP99Ms * 100) / 100);

/** From the middle of the first third of the samples to that of the last, so that one odd sample decides nothing. */
export function growthOf(samples: readonly number[]): number {
  const third = Math.max(1, Math.floor(samples.length / 3));
  return medianOf(samples.slice(-third)) - medianOf(samples.slice(0, third));
}

function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const mb = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;
