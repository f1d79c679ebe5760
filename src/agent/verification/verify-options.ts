/** How hits of tools are run again to see whether they were right. */
export interface VerifyOptions {
  /** Share of the hits of read-only tools that is run again in the background, 0 to 1. 0: none. */
  readonly ratio: number;
  /**
   * Between 0 and 1: a tool is not cached any more, until the app is started again, once at least 20 of its hits were
   * compared and its true share of wrong ones is more than this with 95 % confidence. Default: it is only measured.
   */
  readonly maxWrongRate?: number;
}
