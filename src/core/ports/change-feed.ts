/** Hears what happens to the keys of a store. What it throws is swallowed. */
export interface ChangeListener {
  /** These keys were written, deleted, evicted or have expired, whoever did it. */
  changed(keys: readonly string[]): void;
  /** Any key may have changed: changes were missed, or everything was deleted. */
  lost(): void;
}

/**
 * What happens to the keys of a store, as far as this process gets to know: its own writes at once, when they are sent and
 * again when they are confirmed; those of others as soon as the store tells of them.
 */
export interface ChangeFeed {
  /**
   * Whether what was read at `readAtMs` (monotonic milliseconds), and has not been told of since, may still be served: all
   * changes up to the freshness lease ago are known to have been told. To be asked before every answer from memory.
   */
  isFresh(readAtMs: number): boolean;
  /** Returns the way to stop listening. */
  listen(listener: ChangeListener): () => void;
  /** `true`: all that had changed before the call has been told. `false`: that is not known. Within the store's deadline. */
  settled(): Promise<boolean>;
}
