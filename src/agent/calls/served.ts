import type { Outcome } from '../../core/policy/cache-policy.js';

/** Whether an answer of that status came from the cache, fresh or not. */
export const isServed = (status: Outcome['status'] | undefined): boolean => status === 'hit' || status === 'stale';
