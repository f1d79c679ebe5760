import type { AgentCache } from '../core/cache.js';
import type { CachePolicy } from '../core/policy/cache-policy.js';
import type { MethodCall } from './method-policy.js';
import type { TextBatch } from './text-batch.js';
import { commonDimension, copyOfVector, isVector } from './vectors.js';

interface VectorEntries {
  readonly keyByText: ReadonlyMap<string, string>;
  readonly policy: CachePolicy;
  /** `undefined`: that of the other vectors of an answer. */
  readonly dimension: number | undefined;
}

/** Ends a load whose answer cannot be told apart into one vector per text. */
class UnusableAnswer extends Error {
  constructor(
    readonly load: EmbeddingLoad,
    /** What the method answered to the very call that was made; `null`: it was asked for a part of it only. */
    readonly answered: { readonly outcome: unknown } | null,
  ) {
    super('the answer of an embedder does not fit its texts');
  }
}

/** One read of the vectors of a batch, which may load some of them. */
export class EmbeddingLoad {
  private readonly loaded = new Set<string>();
  /** The method's own outcome, once it has answered the very call that was made. */
  private own: { readonly outcome: unknown } | null = null;
  private dimension: number | null;

  constructor(
    private readonly call: MethodCall,
    private readonly cache: AgentCache,
    private readonly batch: TextBatch,
    private readonly entries: VectorEntries,
  ) {
    this.dimension = entries.dimension ?? null;
  }

  async read(): Promise<unknown> {
    const { keyByText, policy } = this.entries;
    const texts = [...keyByText.keys()];
    const keyOf = (text: string): string => keyByText.get(text) as string;
    const load = (missing: string[]): Promise<unknown[]> => this.load(missing);
    try {
      const vectors = await this.cache.getOrLoadMany<string, unknown>(texts, load, {
        ...policy,
        keyOf,
        admit: (vector, cost) => this.isSound(vector) && (policy.admit?.(vector, cost) ?? true),
      });
      return this.assemble(new Map(texts.map((text, index) => [text, vectors[index]])));
    } catch (error) {
      if (!(error instanceof UnusableAnswer)) throw error;
      return error.load === this && error.answered ? error.answered.outcome : this.call.proceed();
    }
  }

  private async load(missing: readonly string[]): Promise<unknown[]> {
    const { texts, isMany } = this.batch;
    const args = missing.length === texts.length ? null : this.batch.withTexts(missing);
    const asked = args ? missing : texts;
    const outcome = await (args ? this.call.proceed(args) : this.call.proceed());
    const answered = args ? null : { outcome };
    const answers = vectorsIn(this.call.resultsOf(outcome), isMany);
    if (answers?.length !== asked.length) throw new UnusableAnswer(this, answered);
    this.dimension ??= commonDimension(answers);
    for (const text of missing) this.loaded.add(text);
    this.own = answered;
    return missing.map((text) => answers[asked.indexOf(text)]);
  }

  private isSound(vector: unknown): boolean {
    return isVector(vector) && vector.length === this.dimension;
  }

  private async assemble(vectors: ReadonlyMap<string, unknown>): Promise<unknown> {
    if (this.own && this.loaded.size === vectors.size) return this.adopt(this.own.outcome, vectors);
    if (!this.isFitting(vectors)) return this.call.proceed();
    const used = new Set<string>();
    const results = this.batch.texts.map((text) => {
      const vector = used.has(text) ? copyOfVector(vectors.get(text)) : vectors.get(text);
      used.add(text);
      return vector;
    });
    return this.adopt(this.call.outcomeFrom([this.batch.isMany ? results : results[0]]), vectors);
  }

  /** Whether what came from the cache are vectors, and no others than those that were loaded now. */
  private isFitting(vectors: ReadonlyMap<string, unknown>): boolean {
    const cached = [...vectors].filter(([text]) => !this.loaded.has(text)).map(([, vector]) => vector);
    return cached.every(isVector) && (cached.length === 0 || commonDimension([...vectors.values()]) !== null);
  }

  /** The whole counts as a miss as soon as one of its vectors is one. */
  private adopt(outcome: unknown, vectors: ReadonlyMap<string, unknown>): unknown {
    const sources = [...vectors.values()];
    const isHit = (vector: unknown): boolean => ['hit', 'stale'].includes(this.cache.outcomeOf(vector)?.status ?? '');
    this.cache.adoptOutcome(outcome, sources.find((vector) => !isHit(vector)) ?? sources[0]);
    return outcome;
  }
}

/** One vector per text out of what a method answered; `null` for any other form. */
function vectorsIn(results: readonly unknown[], isMany: boolean): readonly unknown[] | null {
  if (results.length !== 1) return null;
  const [answer] = results;
  if (!isMany) return [answer];
  return Array.isArray(answer) && Object.keys(answer).length === answer.length ? (answer as unknown[]) : null;
}
