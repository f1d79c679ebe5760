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

export type ScopeLevel = 'public' | keyof ScopeValues;
