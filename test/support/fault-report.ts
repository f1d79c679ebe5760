import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What goes wrong, in rough: each has a page of its own in `docs/concepts/faults/`. */
export type FaultClass =
  | 'unreachable'
  | 'connections'
  | 'hanging'
  | 'answers'
  | 'coherence'
  | 'topologies'
  | 'overload'
  | 'process'
  | 'values';

/** What was measured of one fault: a row of the table in `docs/concepts/fail-safe.md`. */
export interface MeasuredFault {
  readonly class: FaultClass;
  /** In a few words, unique in its class, e.g. `the server is stopped (SIGSTOP)`. */
  readonly fault: string;
  /** What a caller gets meanwhile, e.g. `the loader's answer`. */
  readonly caller: string;
  /** The most that the cache may add to a call, in milliseconds, as the test asserts it. */
  readonly boundMs: number;
  /** The most that it added to any call of the test, in milliseconds. */
  readonly addedMs: number;
  /** From the end of the fault to the first hit, in milliseconds; `null`: there is nothing to heal from. */
  readonly healedMs: number | null;
  /** The most that healing may take, as the test asserts it; `null` with `healedMs`. */
  readonly healBoundMs: number | null;
}

/** Keeps a row for the report, where the suite is asked for one (`FAULT_REPORT`: a folder). Of two with one name, the later stays. */
export function recordFault(row: MeasuredFault): void {
  const folder = process.env.FAULT_REPORT;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const name = `${row.class}-${row.fault}`.replace(/[^a-z0-9]+/gi, '-').toLowerCase();
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(row)}\n`);
}
