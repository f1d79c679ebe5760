import type { Observable } from 'rxjs';

/** A method that can be cached: it answers a Promise or an Observable. */
export type AsyncMethod = (...args: never[]) => Promise<unknown> | Observable<unknown>;
