import type { Outcome } from './policy/cache-policy.js';

/** A constructor that answers what it was given makes its subclass put private fields on that. */
class Given {
  constructor(given: object) {
    return given;
  }
}

/**
 * An outcome on the result itself, as a private field, which nobody else can see, copy or compare: a tenth of what an entry
 * of a WeakMap costs, and no work for the garbage collector.
 */
class Stamped extends Given {
  #outcome: Outcome | undefined;

  static record(result: object, outcome: Outcome): void {
    const stamped = #outcome in result ? result : new Stamped(result);
    stamped.#outcome = outcome;
  }

  static of(result: object): Outcome | undefined {
    return #outcome in result ? result.#outcome : undefined;
  }
}

/** Remembers how a result came about for as long as somebody holds the result. Only objects can be remembered. */
export class OutcomeLog {
  /** Of what takes no field: later engines let a frozen object have none. */
  private readonly unstamped = new WeakMap<object, Outcome>();

  constructor(private readonly stamps: Pick<typeof Stamped, 'record' | 'of'> = Stamped) {}

  record(result: unknown, outcome: Outcome): void {
    if (typeof result !== 'object' || result === null) return;
    try {
      this.stamps.record(result, outcome);
    } catch {
      this.unstamped.set(result, outcome);
    }
  }

  of(result: unknown): Outcome | undefined {
    if (typeof result !== 'object' || result === null) return undefined;
    return this.stamps.of(result) ?? this.unstamped.get(result);
  }
}
