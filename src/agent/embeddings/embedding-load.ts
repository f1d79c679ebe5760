import type { AgentCache } from '../../core/cache.js';
import type { CachedCall, CallEntry } from '../calls/cached-call.js';
import type { MethodCall } from '../calls/method-policy.js';
import { settled } from '../calls/own-answer.js';
import { isServed } from '../calls/served.js';
import type { TextBatch } from './text-batch.js';
import { areAlike, commonDimension, copyOfVector, isVector } from './vectors.js';

interface EmbeddingLoadParts {
  readonly call: MethodCall;
  readonly cached: CachedCall;
  readonly cache: AgentCache;
  readonly batch: TextBatch;
  /** Its keys are those of the texts of the batch. */
  readonly entry: CallEntry;
  /** `undefined`: that of the other vectors of an answer. */
  readonly dimension: number | undefined;
}

/** Ends a load that came to no vectors. */
class LoadEnded extends Error {
  constructor(
    readonly load: EmbeddingLoad,
    /** Answers, or throws, what the method did to the very call that was made; `null`: it was asked for a part of it. */
    readonly settle: (() => unknown) | null,
    /** The texts that could not be embedded, for whoever asked for them; `null`: it says nothing to other calls. */
    readonly failedTexts: readonly string[] | null = null,
  ) {
    super('an embedder did not answer with one vector for each text');
  }
}

/** One read of the vectors of a batch, which may load some of them. */
export class EmbeddingLoad {
  private readonly keyByText: ReadonlyMap<string, string>;
  private readonly loaded = new Set<string>();
  /** Vectors of texts in which something looks like a credential. */
  private readonly refused = new Set<unknown>();
  /** The method's own outcome, once it has answered the very call that was made. */
  private own: { readonly outcome: unknown } | null = null;
  private dimension: number | null;
  /** How the load of this call ended, where it is its caller's alone: nothing stale takes its place. */
  private ended: LoadEnded | null = null;

  constructor(private readonly parts: EmbeddingLoadParts) {
    const { batch, entry, dimension } = parts;
    this.keyByText = new Map(batch.texts.map((text, index) => [text, entry.keys[index] as string]));
    this.dimension = dimension ?? null;
  }

  async read(): Promise<unknown> {
    const { cached, cache, entry } = this.parts;
    const { policy } = entry;
    const texts = [...this.keyByText.keys()];
    const keyOf = (text: string): string => this.keyByText.get(text) as string;
    const load = (missing: string[]): Promise<unknown[]> => cached.loading(() => this.load(missing));
    try {
      const vectors = await cache.getOrLoadMany<string, unknown>(texts, load, {
        ...policy,
        keyOf,
        admit: (vector, cost) =>
          !this.refused.has(vector) && this.isSound(vector) && (policy.admit?.(vector, cost) ?? true),
      });
      if (this.ended) return this.outcomeAfter(this.ended);
      return this.assemble(new Map(texts.map((text, index) => [text, vectors[index]])));
    } catch (error) {
      if (!(error instanceof LoadEnded)) throw error;
      return this.outcomeAfter(error);
    }
  }

  private outcomeAfter({ load, settle, failedTexts }: LoadEnded): unknown {
    const isForThisCall = load === this || failedTexts?.every((text) => this.keyByText.has(text));
    return isForThisCall && settle ? settle() : this.parts.call.proceed();
  }

  private end(settle: (() => unknown) | null): LoadEnded {
    return (this.ended = new LoadEnded(this, settle));
  }

  private async load(missing: readonly string[]): Promise<unknown[]> {
    const { call, cached, batch, entry } = this.parts;
    const { texts, isMany } = batch;
    const { left } = cached;
    if (left) throw this.end(await settled(() => left));
    if (!entry.isCurrent()) throw this.end(await settled(() => call.proceed()));
    const args = missing.length === texts.length ? null : batch.withTexts([...missing]);
    const asked = args ? missing : texts;
    const settle = await settled(() => (args ? call.proceed(args) : call.proceed()));
    if (cached.isAborted) throw this.end(args ? null : settle);
    const outcome = this.outcomeOf(settle, asked);
    const answers = vectorsIn(call.resultsOf(outcome), isMany);
    if (answers?.length !== asked.length) throw this.end(args ? null : settle);
    this.dimension ??= commonDimension(answers);
    for (const text of missing) this.loaded.add(text);
    this.own = args ? null : { outcome };
    if (args) cached.waiting();
    return missing.map((text) => {
      const vector = answers[asked.indexOf(text)];
      if (cached.refusesPart(text, this.keyByText.get(text) as string, entry.policy)) this.refused.add(vector);
      return vector;
    });
  }

  private outcomeOf(settle: () => unknown, asked: readonly string[]): unknown {
    try {
      return settle();
    } catch {
      throw new LoadEnded(this, settle, asked);
    }
  }

  private isSound(vector: unknown): boolean {
    return isVector(vector) && vector.length === this.dimension;
  }

  private async assemble(vectors: ReadonlyMap<string, unknown>): Promise<unknown> {
    if (this.own && this.loaded.size === vectors.size) return this.adopt(this.own.outcome, vectors);
    if (!this.isFitting(vectors)) return this.parts.call.proceed();
    const used = new Set<string>();
    const results = this.parts.batch.texts.map((text) => {
      const vector = used.has(text) ? copyOfVector(vectors.get(text)) : vectors.get(text);
      used.add(text);
      return vector;
    });
    return this.adopt(this.parts.call.outcomeFrom([this.parts.batch.isMany ? results : results[0]]), vectors);
  }

  /** Whether what came from the cache are vectors, and such as were loaded now. */
  private isFitting(vectors: ReadonlyMap<string, unknown>): boolean {
    const cached = [...vectors].filter(([text]) => !this.loaded.has(text)).map(([, vector]) => vector);
    return cached.every(isVector) && (cached.length === 0 || areAlike([...vectors.values()].filter(isVector)));
  }

  /** The whole counts as a miss as soon as one of its vectors is one. */
  private adopt(outcome: unknown, vectors: ReadonlyMap<string, unknown>): unknown {
    const sources = [...vectors.values()];
    const isHit = (vector: unknown): boolean => isServed(this.parts.cache.outcomeOf(vector)?.status);
    this.parts.cache.adoptOutcome(outcome, sources.find((vector) => !isHit(vector)) ?? sources[0]);
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
