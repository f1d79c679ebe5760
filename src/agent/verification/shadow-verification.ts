import type { EventSink } from '../../core/events.js';
import type { CacheKeyGenerator } from '../../core/key/cache-key-generator.js';
import type { Clock } from '../../core/ports/clock.js';
import { wilsonInterval } from '../../core/ports/wilson-interval.js';
import type { Again, Verification } from '../calls/method-policy.js';
import type { ToolDescriptor, ToolDescriptors } from '../descriptors/tool-descriptor.js';
import type { VerifyOptions } from './verify-options.js';

interface ShadowVerificationParts {
  readonly options: VerifyOptions;
  readonly tools: ToolDescriptors;
  readonly keys: Pick<CacheKeyGenerator, 'hash'>;
  readonly events: EventSink;
  readonly clock: Pick<Clock, 'nextTurn'>;
  /** Between 0 and 1. */
  readonly random: () => number;
  /** A copy that shares nothing with the value. Throws where none can be made. */
  readonly copy: (value: unknown) => unknown;
  /** `false` once the cache is closed. */
  readonly isOpen: () => boolean;
}

/** What has been found out about one tool. */
interface Tally {
  verified: number;
  wrong: number;
  isOff: boolean;
}

/** Runs at once; what is picked out on top is not verified. A run that never ends keeps its place. */
const MAX_RUNS = 2;
/** Tools beyond are not verified. */
const MAX_TOOLS = 200;
/** With fewer, one unlucky hit could do it: the interval around 1 of 1 begins at 0.21. */
const MIN_VERIFIED = 20;

/** Runs a share of the hits again, in the background, and compares. */
export class ShadowVerification implements Verification {
  readonly isOn = true;
  private runs = 0;
  private readonly tallies = new Map<string, Tally>();

  constructor(private readonly parts: ShadowVerificationParts) {}

  isOff(tool: string): boolean {
    return this.tallies.get(tool)?.isOff ?? false;
  }

  served(tool: string, results: readonly unknown[], prepare: () => Again): void {
    const { options, random, copy, clock } = this.parts;
    try {
      if (random() >= options.ratio || this.runs >= MAX_RUNS || !this.isVerifiable(tool)) return;
      // The caller may change what it was given.
      const copies = results.map(copy);
      const again = prepare();
      this.runs++;
      clock.nextTurn(() => void this.verify(tool, copies, again).finally(() => this.runs--));
    } catch {
      // What cannot be copied is not verified.
    }
  }

  /** Never rejects. */
  private async verify(tool: string, served: readonly unknown[], again: Again): Promise<void> {
    const { isOpen } = this.parts;
    // A turn has gone by.
    if (!isOpen() || !this.isVerifiable(tool)) return;
    const isRight = await this.compare(tool, served, again);
    if (isRight !== undefined && isOpen()) this.record(tool, isRight);
  }

  /** `null`: the two cannot be compared. `undefined`: the world has changed. */
  private async compare(tool: string, served: readonly unknown[], again: Again): Promise<boolean | null | undefined> {
    try {
      const fresh = await again();
      return fresh === null ? undefined : this.formOf(tool, served) === this.formOf(tool, fresh);
    } catch {
      return null;
    }
  }

  /** Equal for what counts as the same answer. Throws where there is no such form. */
  private formOf(tool: string, results: readonly unknown[]): string {
    const { keys, tools, copy } = this.parts;
    const normalise = tools.describe(tool)?.normalise as ((result: unknown) => unknown) | undefined;
    return keys.hash(normalise ? results.map((result) => settledNow(normalise(copy(result)))) : results);
  }

  private record(tool: string, isRight: boolean | null): void {
    const { events, options } = this.parts;
    events.emit('verified', { tool, isRight });
    const tally = this.tallyOf(tool);
    if (isRight === null || tally.isOff) return;
    tally.verified++;
    if (!isRight) tally.wrong++;
    const { verified, wrong } = tally;
    const [low] = wilsonInterval(wrong, verified);
    if (verified < MIN_VERIFIED || low <= (options.maxWrongRate ?? 1)) return;
    tally.isOff = true;
    events.emit('distrusted', { tool, verified, wrong });
  }

  private tallyOf(tool: string): Tally {
    let tally = this.tallies.get(tool);
    if (!tally) this.tallies.set(tool, (tally = { verified: 0, wrong: 0, isOff: false }));
    return tally;
  }

  /** Nothing that may change something runs twice, whoever asks for it. */
  private isVerifiable(tool: string): boolean {
    if (this.isOff(tool) || (this.tallies.size >= MAX_TOOLS && !this.tallies.has(tool))) return false;
    const descriptor = this.describe(tool);
    return descriptor?.permissionTier === 'READ_ONLY' && descriptor.volatile !== true;
  }

  private describe(tool: string): ToolDescriptor | undefined {
    try {
      return this.parts.tools.describe(tool);
    } catch {
      return undefined;
    }
  }
}

/** Throws for a promise. Nobody else waits for it, should it fail. */
function settledNow(normalised: unknown): unknown {
  if (!(normalised instanceof Promise)) return normalised;
  normalised.catch(() => undefined);
  throw new TypeError('normalise answered a promise');
}
