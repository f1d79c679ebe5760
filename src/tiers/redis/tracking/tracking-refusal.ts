import type { EventSink } from '../../../core/events.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { TrackingOptions } from '../redis-parts.js';

interface TrackingRefusalParts extends Pick<TrackingOptions, 'withoutTrackingMs'> {
  readonly clock: Clock;
  /** Hears `tierFailed` and `tierRecovered` of the tier `memory`, once per change. */
  readonly events: EventSink;
}

const MAX_WORDS_LENGTH = 100;
const TIER = 'memory';
const WAY_OUT =
  'Give the user of the cache +client|id +client|tracking +subscribe &__redis__:invalidate, and let no proxy stand in between';

/** Whether servers refuse to tell of changes, and what that comes to. */
export class TrackingRefusal {
  private sinceMs: number | null = null;

  constructor(private readonly parts: TrackingRefusalParts) {}

  /** `refusals`: of each server its words, or `null`. */
  changed(refusals: readonly (string | null)[]): void {
    const { clock, events } = this.parts;
    const words = refusals.find((refusal) => refusal !== null);
    if (words !== undefined && this.sinceMs === null) {
      this.sinceMs = clock.monotonicNow();
      events.emit('tierFailed', { tier: TIER, reason: this.describe(words ?? '') });
    } else if (words === undefined && this.sinceMs !== null) {
      events.emit('tierRecovered', { tier: TIER, downMs: clock.monotonicNow() - this.sinceMs });
      this.sinceMs = null;
    }
  }

  /** Whether what was read at `readAtMs` may be served though nothing is told of it. */
  isShortLivedAt(nowMs: number, readAtMs: number): boolean {
    const { withoutTrackingMs } = this.parts;
    return this.sinceMs !== null && withoutTrackingMs !== null && nowMs - readAtMs < withoutTrackingMs;
  }

  private describe(words: string): string {
    const { withoutTrackingMs } = this.parts;
    const effect =
      withoutTrackingMs === null
        ? 'the memory tier is off'
        : `the memory tier serves what it has read for ${withoutTrackingMs} ms, whatever others change meanwhile`;
    return `Redis does not tell of changes (${words.slice(0, MAX_WORDS_LENGTH)}): ${effect}. ${WAY_OUT}`;
  }
}
