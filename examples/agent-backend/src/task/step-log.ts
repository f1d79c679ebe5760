import { ToldError } from '../told-error.js';

/** One thing that was done in a turn. */
export interface Step {
  readonly kind: 'note' | 'context' | 'embedding' | 'tool' | 'prompt';
  readonly tool?: string;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  /** Whether a cache answered. */
  readonly cache_hit: boolean;
  readonly ms: number;
}

/** Takes down the steps of a turn. */
export class StepLog {
  readonly steps: Step[] = [];

  constructor(private readonly isHit: (result: unknown) => boolean) {}

  /** Does a step and takes it down: with what `shown` makes of the result, or with the error where it is a `ToldError`. */
  async run<T>(what: Pick<Step, 'kind' | 'tool'>, action: () => Promise<T>, shown: (result: T) => unknown): Promise<T> {
    const start = performance.now();
    try {
      const result = await action();
      this.steps.push({ ...what, ok: true, result: shown(result), cache_hit: this.isHit(result), ms: since(start) });
      return result;
    } catch (error) {
      if (error instanceof ToldError) {
        const { code, message } = error;
        this.steps.push({ ...what, ok: false, error: { code, message }, cache_hit: false, ms: since(start) });
      }
      throw error;
    }
  }
}

function since(start: number): number {
  return Math.round((performance.now() - start) * 1_000) / 1_000;
}
