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

/** Who shares an entry: everybody, or whoever has the same id at that level. */
export type ScopeLevel = 'public' | keyof ScopeValues;
