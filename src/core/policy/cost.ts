/** What making a result takes besides time. */
export interface Cost {
  readonly tokens?: number;
  /** Dollars. */
  readonly usd?: number;
}

/** The cost of every result, or a function that reads it off a result. */
export type CostOf<T> = Cost | ((result: T) => Cost);

/** What a hit on `result` has saved. `null`: nobody can tell, because the function threw, or answers what is no cost. */
export function costOf(cost: CostOf<never>, result: unknown): Cost | null {
  try {
    const answer: unknown = typeof cost === 'function' ? cost(result as never) : cost;
    return isCost(answer) ? answer : null;
  } catch {
    return null;
  }
}

/** What several results cost together. Throws where one of them has no cost. */
export function sumOfCosts(costs: readonly Cost[]): Cost {
  if (!costs.every(isCost)) throw new TypeError('a cost is { tokens?, usd? }, numbers of at least 0');
  const sum = (field: keyof Cost): number => costs.reduce((total, each) => total + (each[field] ?? 0), 0);
  return { tokens: sum('tokens'), usd: sum('usd') };
}

/** Whether it says of each of the two, where it says anything, a finite number of at least 0. */
export function isCost(value: unknown): value is Cost {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Promise) {
    // Nobody else waits for it, should it fail.
    value.catch(() => undefined);
    return false;
  }
  const { tokens, usd } = value as Readonly<Record<string, unknown>>;
  return isAmount(tokens) && isAmount(usd);
}

function isAmount(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value >= 0 && Number.isFinite(value));
}
