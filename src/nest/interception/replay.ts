import { isObservable, Observable } from 'rxjs';

/** Subscribes to what a method answered and waits for all that it emits. */
export type Collect = (source: unknown) => Promise<unknown[]>;

interface Interruption {
  readonly error: unknown;
  readonly emitted: readonly unknown[];
}

/**
 * An Observable that starts a call for each subscriber and, when that is done, emits all it came to. Where the source of
 * the subscriber's own call failed, what it had emitted before comes first, and then its error.
 */
export function replay(run: (collect: Collect) => Promise<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const interruptions: Interruption[] = [];
    const collect: Collect = (source) => collectFrom(source, (interruption) => interruptions.push(interruption));
    run(collect).then(
      (outcome) => {
        for (const value of Array.isArray(outcome) ? (outcome as unknown[]) : [outcome]) subscriber.next(value);
        subscriber.complete();
      },
      (error: unknown) => {
        const own = interruptions.find((interruption) => interruption.error === error);
        for (const value of own?.emitted ?? []) subscriber.next(value);
        subscriber.error(error);
      },
    );
  });
}

function collectFrom(source: unknown, onInterruption: (interruption: Interruption) => void): Promise<unknown[]> {
  if (!isObservable(source)) throw new TypeError('a method that is declared to answer an Observable answered none');
  return new Promise((resolve, reject) => {
    const emitted: unknown[] = [];
    source.subscribe({
      next: (value) => emitted.push(value),
      complete: () => resolve(emitted),
      error: (error: Error) => {
        onInterruption({ error, emitted });
        reject(error);
      },
    });
  });
}
