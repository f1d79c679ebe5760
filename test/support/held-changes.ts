import type { ChangeFeed, ChangeListener } from '../../src/core/ports/change-feed.js';

/** The feed of another one, which a test can cut off or hold back. */
export class HeldChanges implements ChangeFeed {
  /** `false`: nothing is vouched for. */
  isUp = true;
  private readonly listeners = new Set<ChangeListener>();
  private held: string[] | null = null;

  constructor(private readonly inner: ChangeFeed) {
    inner.listen({ changed: (keys) => this.changed(keys), lost: () => this.lose() });
  }

  isFresh(readAtMs: number): boolean {
    return this.isUp && this.inner.isFresh(readAtMs);
  }

  async settled(): Promise<boolean> {
    return this.isUp && this.held === null && (await this.inner.settled());
  }

  listen(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** From now on changes are told only once the returned function is called. */
  hold(): () => void {
    const held: string[] = [];
    this.held = held;
    return () => {
      this.held = null;
      this.changed(held);
    };
  }

  /** Changes were missed. */
  lose(): void {
    for (const listener of this.listeners) listener.lost();
  }

  private changed(keys: readonly string[]): void {
    if (this.held) this.held.push(...keys);
    else for (const listener of this.listeners) listener.changed(keys);
  }
}
