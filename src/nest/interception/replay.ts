import { AsyncLocalStorage } from 'node:async_hooks';
import { isObservable, lastValueFrom, Observable, type Subscriber, takeUntil, toArray } from 'rxjs';
import type { InterceptedCall, InterceptionRuntime } from './cache-slot.js';

/** What a load ends with whose subscriber left while it ran. */
export class SubscriberLeft extends Error {
  constructor(readonly subscriber: object) {
    super('the subscriber left while the source ran');
    this.name = 'SubscriberLeft';
  }
}

/**
 * An Observable that makes `call` for each subscriber, in the asynchronous context of the caller. It emits what the call
 * came to when that is done, or, where nothing of it is cached, as it comes.
 */
export function replay(runtime: InterceptionRuntime, call: InterceptedCall): Observable<unknown> {
  const inContextOfCall = AsyncLocalStorage.snapshot();
  return new Observable((subscriber) => {
    inContextOfCall(() => void new SubscriberCall(runtime, call, subscriber).run());
  });
}

/** The call of one subscriber. Its source ends when the subscriber leaves. */
class SubscriberCall {
  /** What the source of this very call came to before it failed, by its error. */
  private readonly interruptions = new Map<unknown, readonly unknown[]>();

  constructor(
    private readonly runtime: InterceptionRuntime,
    private readonly call: InterceptedCall,
    private readonly subscriber: Subscriber<unknown>,
  ) {}

  async run(): Promise<void> {
    const { runtime, call, subscriber } = this;
    const invoke: InterceptedCall['invoke'] = (args) => this.takeAll(args);
    const alone: InterceptedCall['alone'] = (args) => allOf(call.invoke(args));
    const stream: InterceptedCall['stream'] = (onLeave) => this.passOn(onLeave);
    try {
      const outcome = await runtime.run({ ...call, invoke, alone, stream, subscriber, isObservable: true });
      for (const value of Array.isArray(outcome) ? (outcome as unknown[]) : [outcome]) {
        runtime.adoptOutcome(value, outcome);
        subscriber.next(value);
      }
      subscriber.complete();
    } catch (error) {
      for (const value of this.interruptions.get(error) ?? []) subscriber.next(value);
      subscriber.error(error);
    }
  }

  /** For the cache: all that the source emits, or nothing. */
  private async takeAll(args: readonly unknown[]): Promise<unknown[]> {
    const emitted: unknown[] = [];
    try {
      await this.observe(args, (value) => emitted.push(value));
    } catch (error) {
      this.interruptions.set(error, emitted);
      throw error;
    }
    if (this.subscriber.closed) throw new SubscriberLeft(this.subscriber);
    return emitted;
  }

  private async passOn(onLeave?: () => Promise<unknown>): Promise<unknown[]> {
    let isOver = false;
    // What fails here fails again, and is told, when the call is over.
    if (onLeave) this.subscriber.add(() => void (isOver || onLeave().catch(() => undefined)));
    try {
      await this.observe(this.call.args, (value) => this.subscriber.next(value));
    } finally {
      isOver = true;
    }
    return [];
  }

  /** Resolves when the source ends, or is left. */
  private async observe(args: readonly unknown[], next: (value: unknown) => void): Promise<void> {
    const { call, subscriber } = this;
    if (subscriber.closed) return;
    const source = observableFrom(call.invoke(args));
    const left = new Observable<void>((leaving) => subscriber.add(() => leaving.next()));
    await new Promise<void>((resolve, reject) => {
      source.pipe(takeUntil(left)).subscribe({ next, complete: resolve, error: reject });
    });
  }
}

function observableFrom(answer: unknown): Observable<unknown> {
  if (!isObservable(answer)) throw new TypeError('a method that is declared to answer an Observable answered none');
  return answer;
}

/** All that it emits until it ends. */
function allOf(answer: unknown): Promise<unknown[]> {
  return lastValueFrom(observableFrom(answer).pipe(toArray()));
}
