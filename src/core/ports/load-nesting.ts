/** Knows which loads a piece of code runs in, through everything that they await. Loads are told apart by identity. */
export interface LoadNesting {
  /** Whether the caller is part of `load`, and that is still under way: waiting for it would be waiting for itself. */
  isWithin(load: object): boolean;
  /** Runs `work` as part of all `loads`. */
  run<T>(loads: readonly object[], work: () => Promise<T>): Promise<T>;
}
