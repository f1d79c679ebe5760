import type { CacheKeyGenerator } from 'nestjs-agent-cache';
import type { RecordedCall } from './trace.js';

/** What each run has changed so far, as a digest of its chain of calls that change something. */
export class Changes {
  private readonly digests = new Map<string, string>();

  constructor(private readonly keys: CacheKeyGenerator) {}

  /** `undefined`: the run has changed nothing. */
  of(run: string): string | undefined {
    return this.digests.get(run);
  }

  /** A failed call counts too: nobody knows how far it got. */
  add({ run, tool, args }: RecordedCall): void {
    this.digests.set(run, this.keys.hash([this.of(run) ?? null, tool, args]));
  }
}
