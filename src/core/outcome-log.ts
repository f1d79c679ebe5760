import type { Outcome } from './policy/cache-policy.js';

/** Remembers how a result came about for as long as somebody holds the result. Only objects can be remembered. */
export class OutcomeLog {
  private readonly outcomes = new WeakMap<object, Outcome>();

  record(result: unknown, outcome: Outcome): void {
    if (typeof result === 'object' && result !== null) this.outcomes.set(result, outcome);
  }

  of(result: unknown): Outcome | undefined {
    return typeof result === 'object' && result !== null ? this.outcomes.get(result) : undefined;
  }
}
