import type { CachePolicy } from '../core/policy/cache-policy.js';
import { everything } from '../core/policy/resource.js';
import { CachedCall, type CallEntry, type Entry } from './cached-call.js';
import {
  ANNOTATING_RULES,
  CACHING_RULES,
  cachePolicyOf,
  type AnnotatingOptions,
  type CachingOptions,
  type Hook,
} from './caching-options.js';
import { isFailedResult } from './failed-result.js';
import type { MethodCall, MethodPolicy, MethodServices } from './method-policy.js';
import { aFunction, checkOptions } from './option-rules.js';
import { idsOf, isEchoOf, toolCallParts, toolNameOf, type ToolCallOptions } from './tool-call.js';
import type { ToolDescriptor } from './tool-descriptor.js';

/** Options of `@CacheReadOnlyTool`. */
export interface CacheReadOnlyToolOptions<A extends readonly unknown[] = never, I = never>
  extends CachingOptions<A, I>, AnnotatingOptions, ToolCallOptions<A, I> {
  readonly vary?: Hook<A, I, unknown> | undefined;
  /**
   * Runs before every hit and every load, in the order in which `authorize` and `validate` are given, with the method's
   * `this` and arguments. What it throws is the caller's. Where it answers `false`, or an
   * Observable, the method itself runs and decides.
   */
  readonly authorize?: Hook<A, I, unknown> | undefined;
  /** As `authorize`. */
  readonly validate?: Hook<A, I, unknown> | undefined;
}

const RULES = {
  ...CACHING_RULES,
  ...ANNOTATING_RULES,
  toolName: aFunction,
  params: aFunction,
  authorize: aFunction,
  validate: aFunction,
};

const CATEGORY = 'tool';

/**
 * For the one method that runs tools. Only tools described as `READ_ONLY` and not volatile are cached. Any other one, a
 * tool without a descriptor and a call without a name run uncached and make every cached tool result unusable, before
 * they run and after, whatever their outcome. Failed results are not cached.
 */
export function readOnlyToolPolicy(options: CacheReadOnlyToolOptions): MethodPolicy {
  checkOptions('CacheReadOnlyTool', options, RULES);
  return {
    kind: 'tool',
    isChange: (call, services) => new ToolCall(call, services, options).isChange(),
    run: (call, services) => new ToolCall(call, services, options).run(),
  };
}

const isSubscribable = (answer: unknown): boolean =>
  typeof (answer as { readonly subscribe?: unknown } | null | undefined)?.subscribe === 'function';

class ToolCall {
  private readonly cached: CachedCall;

  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
    private readonly options: CacheReadOnlyToolOptions,
  ) {
    this.cached = new CachedCall(call, services, options.namespace ?? CATEGORY, options);
  }

  async run(): Promise<unknown> {
    const tool = this.toolName();
    if (tool === null) return this.runChanging('no-tool-name');
    const descriptor = this.describe(tool);
    if (descriptor?.permissionTier !== 'READ_ONLY') return this.runChanging('not-read-only');
    if (descriptor.volatile) return this.cached.bypass('volatile');
    if (!(await this.isPermitted())) return this.cached.bypass('not-authorized');
    return this.cached.through(
      (owner) => this.entryOf(tool, descriptor, owner),
      (entry) => this.read(entry),
    );
  }

  isChange(): boolean {
    const tool = this.toolName();
    return tool === null || this.describe(tool)?.permissionTier !== 'READ_ONLY';
  }

  private toolName(): string | null {
    try {
      const tool = toolNameOf(this.call, this.options);
      if (tool !== null) return tool;
    } catch {
      // Told below, like an answer that is no name.
    }
    const { name } = this.call;
    this.services.warnOnce(
      `no-tool-name ${name}`,
      `${name} was called without the name of a tool, so the call ran uncached and every cached tool result became ` +
        `unusable. Give @CacheReadOnlyTool \`toolName\` and \`params\`, functions of the arguments`,
    );
    return null;
  }

  private describe(tool: string): ToolDescriptor | undefined {
    try {
      return this.services.tools.describe(tool);
    } catch {
      const { name } = this.call;
      this.services.warnOnce(
        `describe ${name}`,
        `the tool descriptors threw when ${name} asked for a tool: it was taken for a tool that changes everything`,
      );
      return undefined;
    }
  }

  /** Nobody knows what the tool changes, so nothing that was loaded before or meanwhile may survive. */
  private runChanging(reason: 'no-tool-name' | 'not-read-only'): Promise<unknown> {
    const { cache } = this.services;
    const target = { resource: everything() };
    return cache.invalidateAround(target, () => this.cached.bypass(reason, () => cache.invalidate(target)));
  }

  private async isPermitted(): Promise<boolean> {
    for (const name of Object.keys(this.options)) {
      const hook = name === 'authorize' || name === 'validate' ? this.options[name] : undefined;
      const { instance, args } = this.call;
      if (!hook) continue;
      const answer: unknown = await this.call.consult(() => Reflect.apply(hook, instance as never, args as never));
      // An Observable has not said anything yet.
      if (answer === false || isSubscribable(answer)) return false;
    }
    return true;
  }

  private entryOf(tool: string, descriptor: ToolDescriptor, owner: string): Entry {
    const { call, options, services } = this;
    const { params, rest } = toolCallParts(call, options);
    const { version, vary, ttl, scope } = descriptor;
    const hasVary = rest !== undefined || vary !== undefined;
    const key = services.keys.toolKey(tool, params, {
      ...(version !== undefined && { version }),
      ...(hasVary && { vary: { tool: vary, call: rest } }),
    });
    const policy: CachePolicy = {
      namespace: CATEGORY,
      ...cachePolicyOf(call, options, services.ttl.tool),
      ...(ttl !== undefined && { ttl }),
      ...(scope !== undefined && { scope }),
      dependsOn: [everything()],
    };
    return { keys: [`${key}:${owner}`], policy };
  }

  private read(entry: CallEntry): Promise<unknown> {
    return this.cached.getOrLoad(entry, async (context, keepOwn) => {
      const ids = idsOf(this.call, this.options);
      const outcome = await this.cached.proceed(context);
      const results = this.call.resultsOf(outcome);
      if (results.some(isFailedResult)) context.skip('failed result');
      if (results.some((result) => isEchoOf(ids, result))) keepOwn('an id of the call stands in its result');
      return outcome;
    });
  }
}
