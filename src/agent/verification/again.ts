import type { AgentCache } from '../../core/cache.js';
import type { CallEntry } from '../calls/cached-call.js';
import { isFailedResult } from '../calls/failed-result.js';
import type { Again, MethodCall } from '../calls/method-policy.js';
import { settled } from '../calls/own-answer.js';
import { isServed } from '../calls/served.js';

/** A hit that may be run again. */
interface Hit {
  readonly call: MethodCall;
  readonly cache: AgentCache;
  readonly entry: CallEntry;
  /** Whether what no key and no invalidation tells of, such as a file, is as it was at the hit. Default: there is none. */
  readonly isUnchanged?: () => Promise<boolean>;
}

/**
 * The way to run the method of a hit again. What comes of it counts only where, from this moment until the run is over, the
 * arguments give the same key and the same entry is current in the store: else the world has changed, and the hit was right
 * in its own.
 */
export function againFor(hit: Hit): Again {
  // Asked before the caller has the answer, and so before anything that the caller does next.
  const served = storedAt(hit);
  return async () => {
    const { call, entry, isUnchanged = () => Promise.resolve(true) } = hit;
    const before = await served;
    if (before === null || !entry.isCurrent()) return null;
    const settle = await settled(() => call.again());
    if (!(await isUnchanged()) || !entry.isCurrent() || (await storedAt(hit)) !== before) return null;
    const results = call.resultsOf(settle());
    if (results.some(isFailedResult)) throw new TypeError('the run failed');
    return results;
  };
}

/** When the entry that is current was stored; `null`: there is none, or nobody can tell. */
async function storedAt({ cache, entry }: Hit): Promise<number | null> {
  try {
    // Memory may be told of a change a moment after the store has it.
    const { status, storedAtMs } = await cache.explain(entry.keys[0], { ...entry.policy, memory: false });
    return isServed(status) ? storedAtMs : null;
  } catch {
    return null;
  }
}
