/**
 * What a load answers with in place of a result that is for the call that loaded it alone. It cannot be stored and not be
 * copied either, so that whoever waits for the load runs one of its own.
 */
export class OwnAnswer {
  /** `settle`: answers what the method answered, or throws what it threw. */
  constructor(readonly settle: () => unknown) {}
}

/** How `work` ended, to be answered or thrown later. */
export async function settled(work: () => Promise<unknown>): Promise<() => unknown> {
  try {
    const result = await work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
