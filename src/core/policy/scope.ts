/** Who is asking. `public ⊃ tenant ⊃ principal / workspace ⊃ session`. */
export interface ScopeValues {
  readonly tenant?: string;
  readonly principal?: string;
  readonly workspace?: string;
  readonly session?: string;
}

export type ScopeLevel = 'public' | keyof ScopeValues;
