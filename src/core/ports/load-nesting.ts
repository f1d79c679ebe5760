/** Knows which loads a piece of code runs in, through everything that they await. Loads are told apart by identity. */
export interface LoadNesting {
  /**
   * Whether waiting for `load` would be waiting for itself: the caller is part of it, or it waits, at any remove, for a load
   * that the caller is part of.
   */
  isWithin(load: object): boolean;
  /** The caller waits for `load` from now on, until the returned function is called. */
  waitFor(load: object): () => void;
  /** Runs `work` as part of all `loads`. */
  run<T>(loads: readonly object[], work: () => Promise<T>): Promise<T>;
}
