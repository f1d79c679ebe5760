import type { Observable } from 'rxjs';

/** A method that can be cached: it answers a Promise, an Observable or a stream. */
export type AsyncMethod = (...args: never[]) => Promise<unknown> | Observable<unknown> | AsyncIterable<unknown>;
