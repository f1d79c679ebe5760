import { ToolError } from '../tools/tool-error.js';

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

  /** Does a step and takes it down with what `shown` makes of the result. */
  async run<T>(kind: Step['kind'], action: () => Promise<T>, shown: (result: T) => unknown): Promise<T> {
    const start = performance.now();
    const result = await action();
    this.steps.push({ kind, ok: true, result: shown(result), cache_hit: this.isHit(result), ms: since(start) });
    return result;
  }

  /** Runs a tool. What it refuses or fails at is a step, too, and not an error of the turn. */
  async runTool(tool: string, action: () => Promise<object>): Promise<Step> {
    const start = performance.now();
    const base = { kind: 'tool', tool } as const;
    let step: Step;
    try {
      const result = await action();
      step = { ...base, ok: true, result, cache_hit: this.isHit(result), ms: since(start) };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const { code, message } = error;
      step = { ...base, ok: false, error: { code, message }, cache_hit: false, ms: since(start) };
    }
    this.steps.push(step);
    return step;
  }
}

function since(start: number): number {
  return Math.round((performance.now() - start) * 1_000) / 1_000;
}
