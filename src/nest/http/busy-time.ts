const MAX_SPANS = 256;

/**
 * The time during which at least one of several operations was under way, so that ten at once do not count ten times.
 * Operations are reported as they end, so each new one can only touch the latest of the spans that are kept.
 */
export class BusyTime {
  private readonly spans: { readonly from: number; readonly to: number }[] = [];
  private foldedMs = 0;

  /** An operation that took `ms` milliseconds and ended at `endedAt`. Anything but a length of time is not counted. */
  add(ms: number, endedAt: number): void {
    if (!(ms >= 0 && ms < Infinity)) return;
    let from = endedAt - ms;
    for (let last = this.spans.at(-1); last && last.to >= from; last = this.spans.at(-1)) {
      from = Math.min(from, last.from);
      this.spans.pop();
    }
    this.spans.push({ from, to: endedAt });
    if (this.spans.length > MAX_SPANS) this.foldOldest();
  }

  get totalMs(): number {
    return this.spans.reduce((sum, { from, to }) => sum + (to - from), this.foldedMs);
  }

  private foldOldest(): void {
    const oldest = this.spans.shift();
    if (oldest) this.foldedMs += oldest.to - oldest.from;
  }
}
