import type { ChangeFeed, ChangeListener } from '../../core/ports/change-feed.js';
import { ChangeListeners } from '../change-listeners.js';

/** The feed of a store in this process: every change is told before the call that made it is answered. */
export class MemoryChanges implements ChangeFeed {
  private isClosed = false;
  private readonly untold = new Set<string>();
  private readonly listeners = new ChangeListeners();

  /** A change is under way. To be told with {@link tell} when the store is in order again: listeners may ask it. */
  note(key: string): void {
    if (!this.listeners.isEmpty) this.untold.add(key);
  }

  tell(): void {
    if (this.untold.size === 0) return;
    const keys = [...this.untold];
    this.untold.clear();
    this.listeners.changed(keys);
  }

  /** Nothing is told from now on. */
  close(): void {
    this.isClosed = true;
    this.untold.clear();
    this.listeners.lost();
    this.listeners.clear();
  }

  isFresh(_readAtMs: number): boolean {
    return !this.isClosed;
  }

  listen(listener: ChangeListener): () => void {
    return this.listeners.add(listener);
  }

  settled(): Promise<boolean> {
    return Promise.resolve(!this.isClosed);
  }
}
