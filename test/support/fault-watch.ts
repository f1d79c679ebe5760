import type { Asked, CachedApp } from './cached-app.js';

/** What a busy machine may add to any time that is asserted, in milliseconds. */
export const SLACK_MS = 60;
/** Whoever waits for Redis in vain waits for the timeout, 100 ms; what takes less is the machine. */
const WAIT_MS = 80;

/**
 * Looks at what an app answers while something is wrong, and keeps what it finds amiss: nothing is thrown, so that the
 * same look tells of a mutant what it finds.
 */
export class FaultWatch {
  /** What was amiss, each with a word in front: `rejected`, `wrong`, `late`, `logged`, `events`, … */
  readonly findings: string[] = [];
  /** The most that a call took whose source answers at once, in milliseconds. */
  addedMs = 0;
  /** What those calls took that waited for an answer in vain, in milliseconds. */
  readonly waitsMs: number[] = [];
  private newIds = 0;

  constructor(
    readonly app: CachedApp,
    /** The most that a call may take. */
    readonly boundMs: number,
  ) {}

  /** Both ways, each for an entry that was there and for one that was not. */
  async look(): Promise<void> {
    const unknown = `new-${++this.newIds}`;
    for (const id of ['a', unknown]) {
      await this.ask(id, () => this.app.viaCache(id));
      await this.ask(id, () => this.app.viaMethod(id));
    }
  }

  /** At least once. */
  async lookFor(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    do {
      await this.look();
      await pause();
    } while (performance.now() < endMs);
  }

  /** What one call answers, which must be what the source has now; `null`: it rejected. */
  async ask(id: string, call: () => Promise<Asked>): Promise<Asked | null> {
    const { version } = this.app.reports;
    return this.timed(async () => {
      const asked = await call();
      const { report } = asked;
      if (report.id !== id || report.version < version) {
        this.found(`wrong: version ${report.version} of ${report.id} for version ${version} of ${id}`);
      }
      return asked;
    });
  }

  /** The source changes and is said to have. `false`: Redis has not confirmed it. */
  async change(): Promise<boolean> {
    this.app.reports.version++;
    const told = await this.timed(() => this.app.cache.invalidate({ tag: 'reports' }));
    return told?.acknowledged ?? false;
  }

  /** Until both ways hit again, in milliseconds; `null`: not within `withinMs`. */
  async untilHits(withinMs: number): Promise<number | null> {
    const startedAtMs = performance.now();
    for (;;) {
      const asked = [await this.ask('a', () => this.app.viaCache()), await this.ask('a', () => this.app.viaMethod())];
      const ms = performance.now() - startedAtMs;
      if (asked.every((each) => each?.isHit)) return ms;
      if (ms > withinMs) {
        this.found(`unhealed: no hits by both ways within ${withinMs} ms`);
        return null;
      }
      await pause();
    }
  }

  /** `expected`: how each line begins, in order. */
  checkLog(expected: readonly string[]): void {
    const { logged } = this.app;
    const isRight =
      logged.length === expected.length && expected.every((line, index) => logged[index]?.startsWith(line));
    if (!isRight) this.found(`logged: ${JSON.stringify(logged)} for ${JSON.stringify(expected)}`);
  }

  checkTierChanges(expected: readonly string[]): void {
    const { tierChanges } = this.app;
    if (tierChanges.join() !== expected.join()) {
      this.found(`events: ${tierChanges.join(', ') || 'none'} for ${expected.join(', ') || 'none'}`);
    }
  }

  /** Why the store gave no answer: for none but `expected` reasons. */
  checkReasons(expected: readonly string[]): void {
    const reasons = new Set(this.app.events.flatMap(({ name, event }) => (name === 'error' ? [reasonOf(event)] : [])));
    const others = [...reasons].filter((reason) => !expected.includes(reason));
    if (others.length > 0) this.found(`events: no answer for ${others.join(', ')}`);
  }

  found(what: string): void {
    this.findings.push(what);
  }

  async timed<T>(work: () => Promise<T>): Promise<T | null> {
    const startedAtMs = performance.now();
    try {
      return await work();
    } catch (error) {
      this.found(`rejected: ${String(error)}`);
      return null;
    } finally {
      this.took(performance.now() - startedAtMs);
    }
  }

  took(ms: number): void {
    this.addedMs = Math.max(this.addedMs, ms);
    if (ms > WAIT_MS) this.waitsMs.push(Math.round(ms));
    if (ms > this.boundMs) this.found(`late: ${Math.round(ms)} ms of at most ${this.boundMs}`);
  }
}

const reasonOf = (event: object): string => ('reason' in event ? String(event.reason) : '');

/** Lets go of the event loop for a moment, as the pauses between requests do. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
