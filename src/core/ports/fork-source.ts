import type { Resource } from '../policy/resource.js';

/** All that decides what a change does. */
export interface Write {
  /** But for the state that it meets; `null`: that is not known, so it is like no other. */
  readonly key: string | null;
  readonly mutates: readonly Resource[];
  /** What else its effect depends on. */
  readonly dependsOn?: readonly Resource[];
}

/** A write under way. */
export interface WriteUnderWay {
  /** To be called when it has ended. `isKnown: false`: nobody knows how far it got. Called again, it does nothing. */
  end(isKnown: boolean): void;
}

/** A copy of the world that one session works on. */
export interface Fork {
  /**
   * Text that copies share which are the same as far as these resources go; `null`: it is not known, since one of them is
   * being written or it is not known what they depend on. Throws `CacheArgumentError` for what is no resource.
   */
  stateOf(resources: readonly Resource[]): string | null;
  /** To be called before the write runs. Throws `CacheArgumentError`. */
  begin(write: Write): WriteUnderWay;
}

/** Knows on which copy a call works. */
export interface ForkSource {
  /** `undefined`: on the live world. */
  current(): Fork | undefined;
}
