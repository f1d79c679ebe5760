import { recordFault } from '../../support/fault-report.js';

/** Keeps a row of the class `process`; without the last two, there is nothing to heal. */
export function record(
  fault: string,
  caller: string,
  boundMs: number,
  addedMs: number,
  healedMs: number | null = null,
  healBoundMs: number | null = null,
): void {
  recordFault({ class: 'process', fault, caller, boundMs, addedMs, healedMs, healBoundMs });
}
