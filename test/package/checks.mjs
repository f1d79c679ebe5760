/** Runs checks one after another, prints a line for each, and counts them. */
export class Checks {
  passed = 0;
  failed = 0;
  skipped = [];

  /** Resolves to what `work` resolves to, or to `undefined` where it failed; `needs` that are `undefined` fail it at once. */
  async check(title, work, ...needs) {
    const started = performance.now();
    try {
      if (needs.includes(undefined)) throw new Error('what it needs has failed before');
      const result = (await work()) ?? null;
      this.passed++;
      this.#print('✓', title, started);
      return result;
    } catch (error) {
      this.failed++;
      this.#print('✗', title, started);
      process.stdout.write(`${error.stack ?? error}\n\n`);
      return undefined;
    }
  }

  #print(mark, title, started) {
    process.stdout.write(`${mark} ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
  }
}
