import type { ChangeFeed, ChangeListener } from '../../src/core/ports/change-feed.js';

/** A feed that tells what a test says, and is as fresh as the test says. */
export class ScriptedChanges implements ChangeFeed {
  isUp = true;
  private readonly listeners = new Set<ChangeListener>();

  isFresh(_readAtMs: number): boolean {
    return this.isUp;
  }
  listen(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  settled(): Promise<boolean> {
    return Promise.resolve(this.isUp);
  }

  get listenerCount(): number {
    return this.listeners.size;
  }
  tell(...keys: string[]): void {
    for (const listener of this.listeners) listener.changed(keys);
  }
  lose(): void {
    for (const listener of this.listeners) listener.lost();
  }
}
