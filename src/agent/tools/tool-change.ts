import type { BypassReason } from '../../core/events.js';
import { everything, type Resource } from '../../core/policy/resource.js';
import type { Fork } from '../../core/ports/fork-source.js';
import type { CachedCall } from '../calls/cached-call.js';
import { isFailedResult } from '../calls/failed-result.js';
import type { MethodCall, MethodServices } from '../calls/method-policy.js';

/** What a call changes. */
export interface Change {
  /** `null`: everything in its scope. */
  readonly mutates: readonly Resource[] | null;
  /** What else its effect depends on. */
  readonly dependsOn: readonly Resource[];
  /** What tells its effect from another call's on the same state; `null`: nobody knows. */
  readonly key: string | null;
  /** Why it is not cached. */
  readonly reason: BypassReason;
}

/** Runs calls that change something, so that nothing of before survives them, whatever their outcome. */
export class ToolChange {
  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
    private readonly cached: CachedCall,
  ) {}

  run(change: Change): Promise<unknown> {
    const fork = this.services.forks.current();
    return fork ? this.runOnCopy(fork, change) : this.runLive(change);
  }

  /** What was loaded before or meanwhile is of no use after it. */
  private runLive({ mutates, reason }: Change): Promise<unknown> {
    const { cache } = this.services;
    if (mutates?.length === 0) return this.cached.bypass(reason);
    const target = mutates ? { resources: mutates } : ({ resource: everything(), within: 'tenant' } as const);
    return cache.invalidateAround(target, () => this.cached.bypass(reason, () => cache.invalidate(target)));
  }

  /** The live world and other copies stay as they are. */
  private async runOnCopy(fork: Fork, { mutates, dependsOn, key, reason }: Change): Promise<unknown> {
    if (mutates?.length === 0) return this.cached.bypass(reason);
    const write = fork.begin({ key, mutates: mutates ?? [everything()], dependsOn });
    let hasSucceeded = false;
    try {
      const outcome = await this.cached.bypass(reason, () => Promise.resolve(write.end(false)));
      hasSucceeded = !this.cached.isAborted && !this.call.resultsOf(outcome).some(isFailedResult);
      return outcome;
    } finally {
      // Of a call that failed, nobody knows how far it got.
      write.end(hasSucceeded);
    }
  }
}
