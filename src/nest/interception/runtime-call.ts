import { CacheControl } from '../../composition/cache-control.js';
import type { MethodCall } from '../../agent/calls/method-policy.js';
import type { InterceptedCall } from './cache-slot.js';
import type { MethodIdentity } from './method-identity.js';

/** What a call is told about. */
export interface CallSurroundings {
  readonly identities: MethodIdentity;
  /** What methods and hooks of the app have thrown: such an error is for the caller. */
  readonly thrown: WeakSet<object>;
}

/** A call as policies see it. Remembers what the method answered, so that it can be fallen back on. */
export class RuntimeCall implements MethodCall {
  readonly instance: object;
  readonly args: readonly unknown[];
  readonly name: string;
  private answer: Promise<unknown> | null = null;
  private knownIdentity: { readonly name: string | null } | null = null;

  constructor(
    private readonly call: InterceptedCall,
    private readonly surroundings: CallSurroundings,
  ) {
    this.instance = call.instance;
    this.args = call.args;
    this.name = call.site.name;
  }

  get method(): string {
    return this.surroundings.identities.methodOf(this.instance, this.call.site);
  }

  get identity(): string | null {
    this.knownIdentity ??= { name: this.surroundings.identities.of(this.instance, this.call.site) };
    return this.knownIdentity.name;
  }

  proceed(args: readonly unknown[] = this.args): Promise<unknown> {
    const answer = this.consult(() => this.call.invoke(args));
    if (args === this.args) this.answer = answer;
    return answer;
  }

  pass(onLeave?: () => Promise<unknown>): Promise<unknown> {
    const { stream } = this.call;
    if (!stream) return this.proceed();
    return (this.answer = this.consult(() => stream(onLeave)));
  }

  again(): Promise<unknown> {
    const { invoke, alone = invoke } = this.call;
    return CacheControl.run({ bypass: true }, () => Promise.resolve(alone(this.args)));
  }

  /** What the method answered to the very call that was made; runs it where it was not asked yet. */
  ownAnswer(): Promise<unknown> {
    return this.answer ?? this.pass();
  }

  resultsOf(outcome: unknown): readonly unknown[] {
    return this.call.isObservable && Array.isArray(outcome) ? (outcome as unknown[]) : [outcome];
  }

  outcomeFrom(results: readonly unknown[]): unknown {
    return this.call.isObservable ? results : results[0];
  }

  async consult<T>(hook: () => T): Promise<Awaited<T>> {
    try {
      return await hook();
    } catch (error) {
      return this.rethrow(error);
    }
  }

  private rethrow(error: unknown): never {
    if ((typeof error === 'object' && error !== null) || typeof error === 'function')
      this.surroundings.thrown.add(error);
    throw error;
  }
}
