const TICK_MS = 2;
/** A timer that comes so late is not late. */
const USUAL_MS = 5;

/**
 * For how long the event loop was held up, by this process or because the machine gave it no time: what a call waits for
 * then is not Redis.
 */
export class Turns {
  private heldUp = 0;
  private tickedAtMs = performance.now();
  private timer: NodeJS.Timeout | null = null;

  constructor() {
    this.tick();
  }

  /** Since the start, in milliseconds. */
  get heldUpMs(): number {
    return this.heldUp + this.lateMs;
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private get lateMs(): number {
    return Math.max(0, performance.now() - this.tickedAtMs - USUAL_MS);
  }

  private tick(): void {
    this.heldUp += this.lateMs;
    this.tickedAtMs = performance.now();
    this.timer = setTimeout(() => this.tick(), TICK_MS);
  }
}
