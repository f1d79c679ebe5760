import type { ChangeFeed, ChangeListener } from '../../core/ports/change-feed.js';

/** The feed of a store in this process: every change is told before the call that made it is answered. */
export class MemoryChanges implements ChangeFeed {
  private isClosed = false;
  private readonly untold = new Set<string>();
  private readonly listeners = new Set<ChangeListener>();

  /** A change is under way. To be told with {@link tell} when the store is in order again: listeners may ask it. */
  note(key: string): void {
    if (this.listeners.size > 0) this.untold.add(key);
  }

  tell(): void {
    if (this.untold.size === 0) return;
    const keys = [...this.untold];
    this.untold.clear();
    this.each((listener) => listener.changed(keys));
  }

  /** Nothing is told from now on. */
  close(): void {
    this.isClosed = true;
    this.untold.clear();
    this.each((listener) => listener.lost());
    this.listeners.clear();
  }

  isFresh(_readAtMs: number): boolean {
    return !this.isClosed;
  }

  listen(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  settled(): Promise<boolean> {
    return Promise.resolve(!this.isClosed);
  }

  /** One listener that throws keeps nothing from the others, or from the caller of the store. */
  private each(tell: (listener: ChangeListener) => void): void {
    for (const listener of this.listeners) {
      try {
        tell(listener);
      } catch {
        // It belongs to whoever listens.
      }
    }
  }
}
