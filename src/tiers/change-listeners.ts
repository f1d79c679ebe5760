import type { ChangeListener } from '../core/ports/change-feed.js';

/** Those who are told of changes. What one of them throws is no fault of the others, nor of the connection. */
export class ChangeListeners implements ChangeListener {
  private readonly listeners = new Set<ChangeListener>();

  /** Returns the way to stop listening. */
  add(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  get isEmpty(): boolean {
    return this.listeners.size === 0;
  }

  /** Nobody is told of anything any more. */
  clear(): void {
    this.listeners.clear();
  }

  changed(keys: readonly string[]): void {
    if (keys.length > 0) this.tell((listener) => listener.changed(keys));
  }

  lost(): void {
    this.tell((listener) => listener.lost());
  }

  /** Runs a write of `keys` by this process: they are told when it is sent, and again when it has settled. */
  async around<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    this.changed(keys);
    const result = await write();
    this.changed(keys);
    return result;
  }

  private tell(tell: (listener: ChangeListener) => void): void {
    for (const listener of this.listeners) {
      try {
        tell(listener);
      } catch {
        // See above.
      }
    }
  }
}
