import { kindOfError } from '../../agent/calls/kind-of-error.js';
import type { MethodPolicy, MethodServices } from '../../agent/calls/method-policy.js';
import { isStream } from '../../agent/streams/is-stream.js';
import { CacheMissError } from '../../core/errors.js';
import type { BypassReason } from '../../core/events.js';
import type { InterceptedCall, InterceptionRuntime } from './cache-slot.js';
import type { MethodIdentity } from './method-identity.js';
import { SubscriberLeft } from './replay.js';
import { RuntimeCall } from './runtime-call.js';
import { followStream } from './streams/follow-stream.js';

/** Runs the calls of one app through its cache. Whatever fails here, the caller gets what the method answers. */
export class CacheRuntime implements InterceptionRuntime {
  private readonly thrown = new WeakSet<object>();

  /** `disabledKinds`: policies whose methods run untouched. */
  constructor(
    private readonly services: MethodServices,
    private readonly identities: MethodIdentity,
    private readonly disabledKinds: readonly MethodPolicy['kind'][] = [],
    readonly maxValueBytes = Infinity,
  ) {}

  accepts({ kind }: MethodPolicy): boolean {
    return this.services.cache.isOpen && !this.disabledKinds.includes(kind);
  }

  isChange(intercepted: InterceptedCall): boolean {
    return intercepted.policy.isChange?.(this.callOf(intercepted), this.services) ?? false;
  }

  bypass(intercepted: InterceptedCall, reason: BypassReason): void {
    const { policy } = intercepted;
    const category = policy.category?.(this.callOf(intercepted)) ?? policy.kind;
    this.services.cache.recordBypass(category, reason);
  }

  async run(intercepted: InterceptedCall): Promise<unknown> {
    const call = this.callOf(intercepted);
    try {
      const outcome = await intercepted.policy.run(call, this.services);
      if (isStream(outcome) && this.isChange(intercepted)) followStream(this, intercepted, outcome);
      return outcome;
    } catch (error) {
      // Another one's load, which was waited for, ended with its subscriber.
      if (error instanceof SubscriberLeft && error.subscriber !== intercepted.subscriber) return this.run(intercepted);
      if (this.isCallersOwn(error)) throw error;
      const kind = kindOfError(error);
      this.warnOnce(
        `failed ${call.name}`,
        `the cache failed around ${call.name} (${kind}), so the method ran without it`,
      );
      return call.ownAnswer();
    }
  }

  adoptOutcome(result: unknown, source: unknown): void {
    this.services.cache.adoptOutcome(result, source);
  }

  warnOnce(topic: string, message: string): void {
    this.services.warnOnce(topic, message);
  }

  private callOf(intercepted: InterceptedCall): RuntimeCall {
    const { identities, thrown } = this;
    return new RuntimeCall(intercepted, { identities, thrown });
  }

  /**
   * Also what the method threw to another caller of the same load, and that a caller who wants no load cannot be served.
   * The cache itself throws nothing but errors.
   */
  private isCallersOwn(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) return true;
    return error instanceof CacheMissError || this.thrown.has(error);
  }
}
