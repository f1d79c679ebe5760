import type { BypassReason } from '../../core/events.js';
import type { CachePolicy, LoadContext } from '../../core/policy/cache-policy.js';
import { parseDuration } from '../../core/policy/duration.js';
import { signalsIn, unlessAborted } from './abort-signals.js';
import type { AnnotatingOptions, CachingOptions } from './caching-options.js';
import { kindOfError } from './kind-of-error.js';
import type { MethodCall, MethodServices } from './method-policy.js';
import { OwnAnswer, settled } from './own-answer.js';
import { isPlainObject } from '../options/plain-object.js';
import { isServed } from './served.js';
import { isStream } from '../streams/is-stream.js';
import { streamEntry, type StreamOptions } from '../streams/stream-options.js';
import { UnkeptStream } from '../streams/unkept-stream.js';

/** Under which key, or keys where it holds several results, and how the outcome of one call is cached. */
export interface Entry {
  readonly keys: readonly [string, ...string[]];
  readonly policy: CachePolicy;
}

/** An entry that a call has been given its key for. */
export interface CallEntry extends Entry {
  /** Whether the same keys would be made of the arguments as they are now, for the same state. */
  isCurrent(): boolean;
}

/** `keepOwn`: the result is for this call alone, neither stored nor shared; `reason` is counted. */
export type EntryLoad = (load: LoadContext, keepOwn: (reason: string) => void) => Promise<unknown>;

/** The way of one call through the cache or past it, common to all policies that cache. */
export class CachedCall {
  private readonly signals: readonly AbortSignal[];
  private isLoading = false;
  private isStreaming = false;
  /** The method's own answer, where the call was aborted before it came to a load of its own. */
  left: Promise<unknown> | null = null;

  /** `category`: metric label of the call. */
  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
    private readonly category: string,
    private readonly options: CachingOptions & AnnotatingOptions & StreamOptions,
  ) {
    this.signals = signalsIn(call.args);
  }

  /** Runs the method past the cache and counts that. `onLeave` as in `MethodCall.pass`; `entry`: what it would have been. */
  async bypass(reason: BypassReason, onLeave?: () => Promise<unknown>, entry?: Entry): Promise<unknown> {
    let outcome: unknown;
    try {
      outcome = await (this.options.annotate === undefined ? this.call.pass(onLeave) : this.call.proceed());
    } finally {
      const where = entry && { key: entry.keys[0], policy: entry.policy };
      this.services.cache.recordBypass(this.category, reason, outcome, where);
    }
    return this.annotate(outcome);
  }

  /**
   * Goes through the cache. `entryFor` makes the entry, given the last segments of its key: whose entry it is. `read`
   * asks the cache; by default for the whole outcome of the method. `parameters` hold no credential, or the call goes past
   * the cache.
   */
  through(
    entryFor: (owner: string) => Entry,
    read: (entry: CallEntry) => Promise<unknown> = (entry) => this.getOrLoad(entry, (load) => this.proceed(load)),
    parameters: unknown = this.call.args,
  ): Promise<unknown> {
    const { owner } = this;
    if (owner === null) {
      this.warnOfUnknownIdentity();
      return this.bypass('unknown-identity');
    }
    const make = (): Entry => (this.options.stream ? streamEntry(entryFor(owner)) : entryFor(owner));
    const entry = this.attempt(make);
    if (!entry) return this.bypass('not-keyable');
    if (this.isAborted) return this.bypass('aborted');
    if (this.services.secrets.isIn(parameters)) {
      this.warnOfCredential('among the arguments');
      return this.bypass('credential-in-parameters', undefined, entry);
    }
    const outcome = this.whileWanted(read({ ...entry, isCurrent: () => isMadeBy(make, entry) }));
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
          `decorator \`vary\`, \`key\` or \`fingerprint\`, a function that answers plain data`,
      );
      return null;
    }
  }

  /** Whether a part of a batch may not be stored for what was asked; counted and told as of a call past the cache. */
  refusesPart(parameter: unknown, key: string, policy: CachePolicy): boolean {
    if (!this.services.secrets.isIn(parameter)) return false;
    this.warnOfCredential('among the arguments');
    this.services.cache.recordBypass(this.category, 'credential-in-parameters', undefined, { key, policy });
    return true;
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
    if (this.isStreaming) cache.recordBypass(this.category, 'stream', result);
    return result;
  }

  /** What the method answers. Where that is `null` all through, `load` is given the time to live that the options have for it. */
  async proceed(load: LoadContext): Promise<unknown> {
    const outcome = await this.call.proceed();
    this.isStreaming = this.call.resultsOf(outcome).some(isStream);
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

  /** Whether it came from the cache. Of what is no object that is not known where the call ran the method as well. */
  isHit(outcome: unknown): boolean {
    const status = this.services.cache.outcomeOf(outcome)?.status;
    return status === undefined ? !this.isLoading : isServed(status);
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
    reasons.push(...this.refusalOf(settle));
    const [reason] = reasons;
    if (reason === undefined) return settle();
    context.skip(reason);
    return new OwnAnswer(settle);
  }

  /** Why what was loaded may not be stored, whatever the options say. */
  private refusalOf(settle: () => unknown): readonly string[] {
    if (this.isStreaming) return ['stream'];
    try {
      const result = settle();
      if (result instanceof UnkeptStream) return [result.reason];
      const { secrets } = this.services;
      // What an Observable emitted, or the chunks of a stream.
      const arePieces = Array.isArray(result) && this.call.resultsOf(result) === result;
      const isFound = arePieces ? secrets.isInPieces(result) : secrets.isIn(result);
      if (!isFound) return [];
      this.warnOfCredential('in a result');
      return ['credential in the result'];
    } catch {
      // An error is not stored anyway.
      return [];
    }
  }

  /** Where the call is aborted while it waits for another one's load, the method itself says what that means. */
  private whileWanted(reading: Promise<unknown>): Promise<unknown> {
    return unlessAborted(this.signals, reading, () => (this.isLoading ? null : (this.left ??= this.call.proceed())));
  }

  /** With a namespace, that and the method; otherwise the identity. `null` where neither is known. */
  get owner(): string | null {
    const { namespace } = this.options;
    if (namespace !== undefined) return this.services.keys.key(namespace, this.call.method);
    return this.call.identity === null ? null : this.services.keys.key(this.call.identity);
  }

  private warnOfCredential(where: string): void {
    this.services.warnOnce(
      `credential ${where} ${this.call.name}`,
      `${this.call.name} runs uncached where something ${where} looks like a credential. Where a field is named like one ` +
        `and holds none, see \`secrets.allowFields\` of the module`,
    );
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
    const isHit = isServed(cache.outcomeOf(outcome)?.status);
    const results = this.call.resultsOf(outcome).map((result) => {
      return isPlainObject(result) && !isStream(result) ? { ...result, [field]: isHit } : result;
    });
    const annotated = this.call.outcomeFrom(results);
    cache.adoptOutcome(annotated, outcome);
    return annotated;
  }
}

function isMadeBy(make: () => Entry, { keys, policy }: Entry): boolean {
  try {
    const present = make();
    if (present.policy.state !== policy.state) return false;
    return present.keys.length === keys.length && present.keys.every((key, index) => key === keys[index]);
  } catch {
    return false;
  }
}
