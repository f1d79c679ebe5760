/** Knows where paths lead. */
export interface PathPlaces {
  /**
   * Absolute, normalised paths of one file or folder as it is now, at least one: the one it is named by, and where that
   * leads to through symbolic links. Never throws.
   */
  placesOf(path: string): readonly string[];
}
