import type { Batch } from '../race/recorder.js';

/** A call as its process saw it. Times are milliseconds of the clock that all processes share. */
export interface CallRecord {
  readonly kind: string;
  /** When it was due. */
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** How long its process waited for a processor meanwhile. */
  readonly queuedMs: number;
  /** The same for the processes that answer: Redis, and the proxies in front of it. */
  readonly peersQueuedMs: number;
  /** Things whose loaders it may have waited for. */
  readonly things: readonly number[];
  /** For how long it changed what is true, which is no work of the cache. */
  readonly sourceMs: number;
  /** A hit, and of which tier; `null`: neither. */
  readonly hit: 'memory' | 'redis' | null;
}

/** A loader of a thing that ran, in whatever process. */
export interface LoadRecord {
  readonly thing: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** What a worker has seen since it was last asked. */
export interface SoakBatch extends Batch {
  readonly calls: readonly CallRecord[];
  readonly loads: readonly LoadRecord[];
  /** Lines that were logged. */
  readonly logged: readonly string[];
}
