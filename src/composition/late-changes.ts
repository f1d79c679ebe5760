import type { ChangeFeed, ChangeListener } from '../core/ports/change-feed.js';

/** The feed of a store that is still being opened: not fresh until then, and whoever listens to it hears that one. */
export class LateChanges implements ChangeFeed {
  /** Each listener, and the way to stop. */
  private readonly listeners = new Map<ChangeListener, () => void>();

  /** `feed`: what there is until the store is open. */
  constructor(private feed: ChangeFeed) {}

  /** `feed`: of the store that is open now. Listeners may have missed anything before. */
  opened(feed: ChangeFeed): void {
    this.feed = feed;
    for (const [listener, stop] of this.listeners) {
      stop();
      this.listeners.set(listener, feed.listen(listener));
      listener.lost();
    }
  }

  isFresh(readAtMs: number): boolean {
    return this.feed.isFresh(readAtMs);
  }

  listen(listener: ChangeListener): () => void {
    this.listeners.set(listener, this.feed.listen(listener));
    return () => {
      this.listeners.get(listener)?.();
      this.listeners.delete(listener);
    };
  }

  settled(): Promise<boolean> {
    return this.feed.settled();
  }
}
