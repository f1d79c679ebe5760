import type { CachePolicy } from '../../core/policy/cache-policy.js';
import { CachedCall, type CallEntry, type Entry, type EntryLoad } from '../calls/cached-call.js';
import {
  ANNOTATING_RULES,
  CACHING_RULES,
  cachePolicyOf,
  type AnnotatingOptions,
  type CachingOptions,
  type Hook,
} from '../calls/caching-options.js';
import { fingerprintOf, historyFields, historyOf, type HistoryOptions } from './context-history.js';
import { ContextFields, isStoredContext, joinContext, type StoredContext } from './context-fields.js';
import { withVary } from '../calls/key-parts.js';
import type { MethodCall, MethodPolicy, MethodServices } from '../calls/method-policy.js';
import { aFunction, checkOptions } from '../options/option-rules.js';
import { settled } from '../calls/own-answer.js';
import { keyedFields, taskIdOf, turnOf, type TaskOptions } from './task-of.js';

/** Options of `@CacheContext`. */
export interface CacheContextOptions<A extends readonly unknown[] = never, I = never>
  extends CachingOptions<A, I>, AnnotatingOptions, TaskOptions<A, I>, HistoryOptions<A, I> {
  /** Default: `turn` of the first argument. */
  readonly turn?: Hook<A, I, string | number | null | undefined> | undefined;
  /**
   * What is stored of a result; it is given the result, then the arguments. Default: of an object, `messages` and the
   * fields that did not merely come in with the first argument; of anything else, the result; nothing where such fields
   * stand one level deeper, in an object in a field or in the items of an array.
   */
  store?(this: void, result: unknown, ...args: A): unknown;
  /** The result again, of what was stored and the present arguments. Default with `store`: what was stored. */
  restore?(this: void, stored: unknown, ...args: A): unknown;
}

type Form = readonly ['custom', unknown] | StoredContext;

const RULES = {
  ...CACHING_RULES,
  ...ANNOTATING_RULES,
  taskId: aFunction,
  turn: aFunction,
  fingerprint: aFunction,
  store: aFunction,
  restore: aFunction,
};

/**
 * Caches the context of one turn of a task. Without a task id or a turn: bypass. An empty `messages` is not stored. Who
 * loads gets the very object the method returned.
 */
export function contextPolicy(options: CacheContextOptions): MethodPolicy {
  checkOptions('CacheContext', options, RULES);
  return { kind: 'context', run: (call, services) => runContext(call, services, options) };
}

function runContext(call: MethodCall, services: MethodServices, options: CacheContextOptions): Promise<unknown> {
  const cached = new CachedCall(call, services, options.namespace ?? 'context', options);
  const task = cached.attempt(() => ({ id: taskIdOf(call, options), turn: turnOf(call, options.turn) }));
  if (!task) return cached.bypass('not-keyable');
  if (task.id === null) return cached.bypass('no-task-id');
  if (task.turn === null) return cached.bypass('no-turn');
  const read = (fingerprint: string | null): Promise<unknown> => {
    const load = new ContextLoad(call, services, options, fingerprint);
    return cached.through(
      (owner) => entryOf(call, services, options, owner, fingerprint ?? historyOf(call, services)),
      (entry) => load.read(cached, entry),
    );
  };
  return options.fingerprint ? withFingerprint(call, services, options.fingerprint, cached, read) : read(null);
}

async function withFingerprint(
  call: MethodCall,
  services: MethodServices,
  hook: Hook<never, never, unknown>,
  cached: CachedCall,
  read: (fingerprint: string) => Promise<unknown>,
): Promise<unknown> {
  const settle = await settled(() => fingerprintOf(call, services, hook));
  const fingerprint = cached.attempt(settle);
  return typeof fingerprint === 'string' ? read(fingerprint) : cached.bypass('not-keyable');
}

function entryOf(
  call: MethodCall,
  services: MethodServices,
  options: CacheContextOptions,
  owner: string,
  history: string | null,
): Entry {
  const id = taskIdOf(call, options);
  const turn = turnOf(call, options.turn);
  if (id === null || turn === null) throw new TypeError('no task id or no turn');
  const key = withVary(call, services, services.keys.contextKey(id, turn), options.vary);
  return {
    keys: [`${key}:${history === null ? '' : `#${history}:`}${owner}`],
    policy: { namespace: 'context', ...cachePolicyOf(call, options, services.ttl.context), context: id },
  };
}

/** One read of a context, which may load it. */
class ContextLoad {
  private own: { readonly outcome: unknown } | null = null;

  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
    private readonly options: CacheContextOptions,
    /** `null`: the request itself says at the end of which history it stands. */
    private readonly fingerprint: string | null,
  ) {}

  async read(cached: CachedCall, entry: CallEntry): Promise<unknown> {
    const policy = { ...entry.policy, ...this.admitting(entry.policy), ...this.costing(entry.policy) };
    const stored = await cached.getOrLoad({ ...entry, policy }, (...load) => this.load(cached, ...load));
    const restored = this.own ?? this.restore(stored);
    if (!restored) return this.call.proceed();
    this.services.cache.adoptOutcome(restored.outcome, stored);
    return restored.outcome;
  }

  private async load(cached: CachedCall, ...[context, keepOwn]: Parameters<EntryLoad>): Promise<Form[] | undefined> {
    const fields = new ContextFields(this.services.keys, this.call.args[0], this.keyedFields());
    const outcome = await cached.proceed(context);
    if (!(await this.hasSameFingerprint())) context.skip('the fingerprint changed while the context was built');
    this.own = { outcome };
    const results = this.call.resultsOf(outcome);
    if (results.some(hasEmptyMessages)) context.skip('empty messages');
    if (outcome === undefined) return undefined;
    try {
      const forms = results.map((result) => this.formOf(result, fields));
      if (forms.every((form) => form !== null)) return forms;
      keepOwn('fields of the request stand within the result');
    } catch {
      keepOwn('store() threw');
    }
    return undefined;
  }

  private keyedFields(): string[] {
    const fields = keyedFields(this.call, this.options);
    return this.fingerprint === null ? [...fields, ...historyFields(this.call)] : fields;
  }

  /** The method may have seen what is newer than the fingerprint, which may come back: a deleted message, an old branch. */
  private async hasSameFingerprint(): Promise<boolean> {
    const { fingerprint: hook } = this.options;
    if (!hook) return true;
    const settle = await settled(() => fingerprintOf(this.call, this.services, hook));
    try {
      return settle() === this.fingerprint;
    } catch {
      return false;
    }
  }

  private formOf(result: unknown, fields: ContextFields): Form | null {
    const { store, restore } = this.options;
    if (!store && !restore) return fields.split(result);
    return ['custom', store ? store(result, ...(this.call.args as never)) : result];
  }

  /** `null`: what is stored is not ours, or `restore` failed. */
  private restore(stored: unknown): { readonly outcome: unknown } | null {
    if (!Array.isArray(stored)) return null;
    try {
      const results = (stored as unknown[]).map((form) => this.resultOf(form));
      return { outcome: this.call.outcomeFrom(results) };
    } catch {
      const { name } = this.call;
      this.services.warnOnce(
        `restore ${name}`,
        `${name} ran uncached: \`restore\` failed on what \`store\` had answered`,
      );
      return null;
    }
  }

  private resultOf(form: unknown): unknown {
    const { restore } = this.options;
    if (isStoredContext(form)) return joinContext(form, this.call.args[0]);
    if (!Array.isArray(form) || form[0] !== 'custom') throw new TypeError('not a stored context');
    const stored: unknown = form[1];
    return restore ? restore(stored, ...(this.call.args as never)) : stored;
  }

  /** `admit` judges what the method returned, not what is stored of it. */
  private admitting({ admit }: CachePolicy): Pick<CachePolicy, 'admit'> {
    return admit ? { admit: (_stored, cost) => this.own !== null && admit(this.own.outcome, cost) } : {};
  }

  /** The same of `cost`. */
  private costing({ cost }: CachePolicy): Pick<CachePolicy, 'cost'> {
    return typeof cost === 'function' ? { cost: (stored) => cost(this.restore(stored)?.outcome) } : {};
  }
}

function hasEmptyMessages(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false;
  const { messages } = result as { readonly messages?: unknown };
  return Array.isArray(messages) && messages.length === 0;
}
