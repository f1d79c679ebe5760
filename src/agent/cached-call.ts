import type { BypassReason } from '../core/events.js';
import type { CachePolicy, LoadContext } from '../core/policy/cache-policy.js';
import { parseDuration } from '../core/policy/duration.js';
import { signalsIn, unlessAborted } from './abort-signals.js';
import type { AnnotatingOptions, CachingOptions } from './caching-options.js';
import { kindOfError } from './kind-of-error.js';
import type { MethodCall, MethodServices } from './method-policy.js';
import { OwnAnswer, settled } from './own-answer.js';
import { isPlainObject } from './plain-object.js';

/** Under which key, or keys where it holds several results, and how the outcome of one call is cached. */
export interface Entry {
  readonly keys: readonly [string, ...string[]];
  readonly policy: CachePolicy;
}

/** An entry that a call has been given its key for. */
export interface CallEntry extends Entry {
  /** Whether the same keys would be made of the arguments as they are now. */
  isCurrent(): boolean;
}

/** `keepOwn`: the result is for this call alone, neither stored nor shared; `reason` is counted. */
export type EntryLoad = (load: LoadContext, keepOwn: (reason: string) => void) => Promise<unknown>;

/** The way of one call through the cache or past it, common to all policies that cache. */
export class CachedCall {
  private readonly signals: readonly AbortSignal[];
  private isLoading = false;
  /** The method's own answer, where the call was aborted before it came to a load of its own. */
  left: Promise<unknown> | null = null;

  /** `category`: metric label of the call. */
  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
    private readonly category: string,
    private readonly options: CachingOptions & AnnotatingOptions,
  ) {
    this.signals = signalsIn(call.args);
  }

  /** Runs the method past the cache and counts that. `onLeave` as in `MethodCall.pass`. */
  async bypass(reason: BypassReason, onLeave?: () => Promise<unknown>): Promise<unknown> {
    let outcome: unknown;
    try {
      outcome = await (this.options.annotate === undefined ? this.call.pass(onLeave) : this.call.proceed());
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
    read: (entry: CallEntry) => Promise<unknown> = (entry) => this.getOrLoad(entry, (load) => this.proceed(load)),
  ): Promise<unknown> {
    const owner = this.ownerSegments();
    if (owner === null) {
      this.warnOfUnknownIdentity();
      return this.bypass('unknown-identity');
    }
    const make = (): Entry => entryFor(owner);
    const entry = this.attempt(make);
    if (!entry) return this.bypass('not-keyable');
    if (this.isAborted) return this.bypass('aborted');
    const outcome = this.whileWanted(read({ ...entry, isCurrent: () => hasKeys(make, entry.keys) }));
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
      const kind = kindOfError(error);
      this.services.warnOnce(
        `not-keyable ${this.call.name}`,
        `${this.call.name} ran uncached: no key could be made of a call (${kind}). Arguments that are functions, class ` +
          `instances or cyclic cannot be part of a key, and functions among the options must not throw: give the ` +
          `decorator \`vary\` or \`key\`, a function that answers plain data`,
      );
      return null;
    }
  }

  /** What is stored under the entry's first key, or what `load` answers. */
  async getOrLoad(entry: CallEntry, load: EntryLoad): Promise<unknown> {
    const { cache } = this.services;
    const [key] = entry.keys;
    const loadEntry = (context: LoadContext): Promise<unknown> => this.loading(() => this.load(entry, load, context));
    const answer = await cache.getOrLoad<unknown>(key, loadEntry, entry.policy);
    if (!(answer instanceof OwnAnswer)) return answer;
    const result = answer.settle();
    cache.adoptOutcome(result, answer);
    return result;
  }

  /** What the method answers. Where that is `null` all through, `load` is given the time to live that the options have for it. */
  async proceed(load: LoadContext): Promise<unknown> {
    const outcome = await this.call.proceed();
    const { negativeTtl } = this.options;
    if (negativeTtl === undefined) return outcome;
    const results = this.call.resultsOf(outcome);
    if (results.length === 0 || results.some((result) => result !== null)) return outcome;
    if (parseDuration(negativeTtl) === 0) load.skip('no result');
    else load.ttl(negativeTtl);
    return outcome;
  }

  /** Runs `load` as the load of this very call. */
  loading<T>(load: () => Promise<T>): Promise<T> {
    this.isLoading = true;
    return load();
  }

  /** What this call loads itself has come, and it may still wait for the load of another one. */
  waiting(): void {
    this.isLoading = false;
  }

  /** Whether somebody has called it off: then how it ended says nothing to others. */
  get isAborted(): boolean {
    return this.signals.some(({ aborted }) => aborted);
  }

  private async load(entry: CallEntry, load: EntryLoad, context: LoadContext): Promise<unknown> {
    const reasons = entry.isCurrent() ? [] : ['the arguments were changed after the call'];
    const settle = await settled(() => this.left ?? load(context, (reason) => reasons.push(reason)));
    if (this.isAborted) reasons.push('the call was aborted');
    const [reason] = reasons;
    if (reason === undefined) return settle();
    context.skip(reason);
    return new OwnAnswer(settle);
  }

  /** Where the call is aborted while it waits for another one's load, the method itself says what that means. */
  private whileWanted(reading: Promise<unknown>): Promise<unknown> {
    return unlessAborted(this.signals, reading, () => (this.isLoading ? null : (this.left ??= this.call.proceed())));
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
        `same name, or because it is made anew for each request or for who asks. Give the decorator a \`namespace\` to ` +
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

function hasKeys(make: () => Entry, keys: Entry['keys']): boolean {
  try {
    const present = make().keys;
    return present.length === keys.length && present.every((key, index) => key === keys[index]);
  } catch {
    return false;
  }
}
