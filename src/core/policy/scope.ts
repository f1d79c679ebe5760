/**
 * Who is asking. `public ⊃ tenant ⊃ principal / workspace ⊃ session`. An id that is named but empty or `undefined` is not
 * known, and its calls bypass the cache: leave out what there is none of.
 */
export interface ScopeValues {
  readonly tenant?: string;
  readonly principal?: string;
  readonly workspace?: string;
  readonly session?: string;
}

/** Who is asking, and on a copy of what. */
export interface RunScope extends ScopeValues {
  /**
   * What the run's own copy was made of, such as `'repo@commit'`: equal texts stand for equal worlds. Needs a session.
   * `undefined`: the live world again.
   */
  readonly base?: string | undefined;
  /** Where the session has come to in another process: what `CacheScope.chain()` answered there. Needs `base`. */
  readonly chain?: string | undefined;
}

/** Who shares an entry: everybody, or whoever has the same id at that level. */
export type ScopeLevel = 'public' | keyof ScopeValues;
