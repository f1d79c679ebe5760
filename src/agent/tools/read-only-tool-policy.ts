import type { CachePolicy } from '../../core/policy/cache-policy.js';
import { CachedCall, type CallEntry, type Entry } from '../calls/cached-call.js';
import {
  admitAll,
  ANNOTATING_RULES,
  CACHING_RULES,
  cachePolicyOf,
  costOfAll,
  type AnnotatingOptions,
  type CachingOptions,
  type Hook,
} from '../calls/caching-options.js';
import { isFailedResult } from '../calls/failed-result.js';
import type { MethodCall, MethodPolicy, MethodServices } from '../calls/method-policy.js';
import { aFunction, checkOptions } from '../options/option-rules.js';
import { checkStreamOptions, STREAM_RULES, type StreamOptions } from '../streams/stream-options.js';
import { idsOf, isEchoOf, toolCallParts, type ToolCallOptions, type ToolCallParts } from './tool-call.js';
import { ToolChange } from './tool-change.js';
import type { ToolDescriptor } from '../descriptors/tool-descriptor.js';
import { ToolLookup } from './tool-lookup.js';
import { isPermitted, type PermissionOptions } from './tool-permission.js';
import { ToolResources } from './tool-resources.js';
import { ToolWorld } from './tool-world.js';
import { againFor } from '../verification/again.js';

/** Options of `@CacheReadOnlyTool`. */
export interface CacheReadOnlyToolOptions<A extends readonly unknown[] = never, I = never>
  extends CachingOptions<A, I>, AnnotatingOptions, StreamOptions, ToolCallOptions<A, I>, PermissionOptions<A, I> {
  readonly vary?: Hook<A, I, unknown> | undefined;
}

const RULES = {
  ...CACHING_RULES,
  ...ANNOTATING_RULES,
  ...STREAM_RULES,
  toolName: aFunction,
  params: aFunction,
  authorize: aFunction,
  validate: aFunction,
};

const CATEGORY = 'tool';

/**
 * For the one method that runs tools. Only tools described as `READ_ONLY` and not volatile are cached. Any other one, a
 * tool without a descriptor and a call without a name run uncached and make unusable what depends on what they change,
 * before they run and after, whatever their outcome. Failed results are not cached.
 */
export function readOnlyToolPolicy(options: CacheReadOnlyToolOptions): MethodPolicy {
  checkOptions('CacheReadOnlyTool', options, RULES);
  checkStreamOptions('CacheReadOnlyTool', options);
  return {
    kind: 'tool',
    stream: options.stream,
    isChange: (call, services) => new ToolCall(call, services, options).isChange(),
    run: (call, services) => new ToolCall(call, services, options).run(),
  };
}

class ToolCall {
  private readonly cached: CachedCall;
  private readonly lookup: ToolLookup;
  private readonly resources: ToolResources;
  private knownParts: ToolCallParts | null = null;

  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
    private readonly options: CacheReadOnlyToolOptions,
  ) {
    this.cached = new CachedCall(call, services, options.namespace ?? CATEGORY, options);
    this.lookup = new ToolLookup(call, services);
    this.resources = new ToolResources(call, services);
  }

  async run(): Promise<unknown> {
    const tool = this.lookup.nameOf(this.options);
    const descriptor = tool === null ? undefined : this.lookup.describe(tool);
    if (tool === null || descriptor?.permissionTier !== 'READ_ONLY') return this.runChanging(tool, descriptor);
    if (descriptor.volatile) return this.cached.bypass('volatile');
    if (!(await isPermitted(this.call, this.options))) return this.cached.bypass('not-authorized');
    if (this.services.verification.isOff(tool)) return this.cached.bypass('verification');
    const dependsOn = this.resources.dependsOn(descriptor, () => this.parts.params);
    if (!dependsOn) return this.cached.bypass('unknown-dependencies');
    const seen = ToolWorld.seen(dependsOn, descriptor, this.services);
    const world = seen instanceof ToolWorld ? seen : await seen;
    if (!world) return this.cached.bypass('files-changing');
    if (world.state === null) return this.cached.bypass('unknown-state');
    return this.cached.through(
      (owner) => this.entryOf(tool, descriptor, world, owner),
      (entry) => this.verified(tool, { entry, world }, this.read(entry, world)),
    );
  }

  isChange(): boolean {
    const tool = this.lookup.nameOf(this.options);
    return tool === null || this.lookup.describe(tool)?.permissionTier !== 'READ_ONLY';
  }

  private runChanging(tool: string | null, descriptor: ToolDescriptor | undefined): Promise<unknown> {
    const { call, services, cached } = this;
    const paramsOf = (): unknown => this.parts.params;
    const needed = this.resources.neededBy(descriptor, paramsOf);
    return new ToolChange(call, services, cached).run({
      mutates: this.resources.mutates(descriptor, paramsOf),
      dependsOn: needed ?? [],
      key: tool === null || needed === null ? null : this.writeKey(tool, descriptor),
      reason: tool === null ? 'no-tool-name' : 'not-read-only',
    });
  }

  /** `null`: its effect is not told by what it was called with. */
  private writeKey(tool: string, descriptor: ToolDescriptor | undefined): string | null {
    const { owner } = this.cached;
    if (owner === null || descriptor?.volatile) return null;
    try {
      return `${this.keyOf(tool, descriptor ?? {}, undefined)}:${owner}`;
    } catch {
      return null;
    }
  }

  /** What was asked, as it is at the first look. */
  private get parts(): ToolCallParts {
    return (this.knownParts ??= toolCallParts(this.call, this.options));
  }

  private keyOf(
    tool: string,
    { version, vary }: Pick<ToolDescriptor, 'version' | 'vary'>,
    files: string | undefined,
  ): string {
    const { params, rest } = toolCallParts(this.call, this.options);
    const hasVary = rest !== undefined || vary !== undefined || files !== undefined;
    return this.services.keys.toolKey(tool, params, {
      ...(version !== undefined && { version }),
      ...(hasVary && { vary: { tool: vary, call: rest, files } }),
    });
  }

  private entryOf(tool: string, descriptor: ToolDescriptor, world: ToolWorld, owner: string): Entry {
    const { call, options, services } = this;
    const { ttl, scope, cost } = descriptor;
    const { state } = world;
    const policy: CachePolicy = {
      namespace: CATEGORY,
      ...cachePolicyOf(call, options, services.ttl.tool),
      ...(ttl !== undefined && { ttl }),
      ...(scope !== undefined && { scope }),
      ...(cost !== undefined && { cost: costOfAll(call, cost) }),
      tool,
      ...(state !== undefined && { state }),
      dependsOn: world.dependsOn,
    };
    const admit = this.bothAdmit(policy.admit, descriptor.admit);
    if (admit) policy.admit = admit;
    return { keys: [`${this.keyOf(tool, descriptor, world.files)}:${owner}`], policy };
  }

  private bothAdmit(own: CachePolicy['admit'], described: CachePolicy['admit']): CachePolicy['admit'] {
    const all = described && admitAll(this.call, described);
    return own && all ? (outcome, cost) => own(outcome, cost) && all(outcome, cost) : (own ?? all);
  }

  private read(entry: CallEntry, world: ToolWorld): Promise<unknown> {
    return this.cached.getOrLoad(entry, async (context, keepOwn) => {
      const ids = idsOf(this.call, this.options);
      try {
        const outcome = await this.cached.proceed(context);
        const results = this.call.resultsOf(outcome);
        if (results.some(isFailedResult)) context.skip('failed result');
        if (results.some((result) => isEchoOf(ids, result))) keepOwn('an id of the call stands in its result');
        return outcome;
      } finally {
        const change = await world.changeSince(entry.policy.state);
        if (change !== null) keepOwn(change);
      }
    });
  }

  /** Tells of a hit whoever runs hits again. */
  private verified(
    tool: string,
    { entry, world }: { readonly entry: CallEntry; readonly world: ToolWorld },
    reading: Promise<unknown>,
  ): Promise<unknown> {
    const { call, cached, services } = this;
    const { verification, cache } = services;
    if (!verification.isOn) return reading;
    return reading.then((outcome) => {
      const isUnchanged = async (): Promise<boolean> => (await world.changeSince(entry.policy.state)) === null;
      const hit = { call, cache, entry, isUnchanged };
      if (cached.isHit(outcome)) verification.served(tool, call.resultsOf(outcome), () => againFor(hit));
      return outcome;
    });
  }
}
