import type { BypassReason } from '../core/events.js';
import type { CachePolicy } from '../core/policy/cache-policy.js';
import type { AnnotatingOptions, CachingOptions } from './caching-options.js';
import type { MethodCall, MethodServices } from './method-policy.js';
import { isPlainObject } from './plain-object.js';

/** Under which key, or keys where it holds several results, and how the outcome of one call is cached. */
export interface Entry {
  readonly keys: readonly [string, ...string[]];
  readonly policy: CachePolicy;
}

/** The way of one call through the cache or past it, common to all policies that cache. */
export class CachedCall {
  /** `category`: metric label of the call. */
  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
    private readonly category: string,
    private readonly options: CachingOptions & AnnotatingOptions,
  ) {}

  /** Runs the method past the cache and counts that. */
  async bypass(reason: BypassReason): Promise<unknown> {
    let outcome: unknown;
    try {
      outcome = await this.call.proceed();
    } finally {
      this.services.cache.recordBypass(this.category, reason, outcome);
    }
    return this.annotate(outcome);
  }

  /**
   * Goes through the cache. `entryFor` makes the entry, given the last segments of its key: whose entry it is. `read`
   * asks the cache; by default for the whole outcome of the method.
   */
  through(
    entryFor: (owner: string) => Entry,
    read: (entry: Entry) => Promise<unknown> = (entry) => this.readWhole(entry),
  ): Promise<unknown> {
    const owner = this.ownerSegments();
    if (owner === null) {
      this.warnOfUnknownIdentity();
      return this.bypass('unknown-identity');
    }
    const entry = this.attempt(() => entryFor(owner));
    if (!entry) return this.bypass('not-keyable');
    const outcome = read(entry);
    return this.options.annotate === undefined ? outcome : outcome.then((made) => this.annotate(made));
  }

  /**
   * What `make` answers. `null`, and one warning, where it throws: the arguments hold something no key can be made of, or
   * a function among the options failed.
   */
  attempt<T>(make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      const kind = error instanceof Error ? error.name : typeof error;
      this.services.warnOnce(
        `not-keyable ${this.call.name}`,
        `${this.call.name} ran uncached: no key could be made of a call (${kind}). Arguments that are functions, class ` +
          `instances or cyclic cannot be part of a key, and functions among the options must not throw: give the ` +
          `decorator \`vary\` or \`key\`, a function that answers plain data`,
      );
      return null;
    }
  }

  private readWhole({ keys, policy }: Entry): Promise<unknown> {
    return this.services.cache.getOrLoad(keys[0], () => this.call.proceed(), policy);
  }

  /** With a namespace, that and the method; otherwise the identity. `null` where neither is known. */
  private ownerSegments(): string | null {
    const { namespace } = this.options;
    if (namespace !== undefined) return this.services.keys.key(namespace, this.call.method);
    return this.call.identity === null ? null : this.services.keys.key(this.call.identity);
  }

  private warnOfUnknownIdentity(): void {
    this.services.warnOnce(
      `unknown-identity ${this.call.name}`,
      `${this.call.name} runs uncached: its instance cannot be told from others, because several providers have the ` +
        `same name, or because it is made anew with what it holds of a request. Give the decorator a \`namespace\` to ` +
        `say that all instances share, and \`vary\` for what they do not share`,
    );
  }

  /** `annotate`: a copy of each object result that says whether it came from the cache. */
  private annotate(outcome: unknown): unknown {
    const field = this.options.annotate;
    if (field === undefined) return outcome;
    const { cache } = this.services;
    const status = cache.outcomeOf(outcome)?.status;
    const isHit = status === 'hit' || status === 'stale';
    const results = this.call.resultsOf(outcome).map((result) => {
      return isPlainObject(result) ? { ...result, [field]: isHit } : result;
    });
    const annotated = this.call.outcomeFrom(results);
    cache.adoptOutcome(annotated, outcome);
    return annotated;
  }
}
