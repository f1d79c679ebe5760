import type { BypassReason } from './events.js';
import type { Load, LoadRequest } from './loading/load-request.js';
import type { LoadSignals } from './loading/load-signals.js';
import type { OutcomeLog } from './outcome-log.js';
import type { CachePolicy } from './policy/cache-policy.js';
import type { PolicyResolver } from './policy/resolve-policy.js';
import type { Refusals } from './refusals.js';

interface BypassesParts {
  readonly policies: PolicyResolver;
  readonly signals: LoadSignals;
  readonly outcomes: OutcomeLog;
  readonly refusals: Refusals;
}

const NOT_SEEN = { fence: null, lease: null, askedAtMs: 0, seen: null, stale: null } as const;

/** Calls that go past the cache. Each is counted, also one that fails. */
export class Bypasses {
  constructor(private readonly parts: BypassesParts) {}

  /** `storageKey`: where the result would have been stored, where that is known. */
  record(category: string, reason: BypassReason, result?: unknown, storageKey: string | null = null): void {
    this.parts.refusals.bypass(category, reason, storageKey);
    this.parts.outcomes.record(result, { status: 'bypass', tier: null, ageMs: 0, key: null });
  }

  /** Calls that only ask the cache, or tell it something. */
  recordKeys(keys: readonly string[], policy: CachePolicy<never>, reason: BypassReason): void {
    for (const key of keys) this.record(this.parts.policies.publicAddressOf(key, policy).category, reason);
  }

  /** Runs what has no key. */
  async run<T>(category: string, reason: BypassReason, work: () => Promise<T>): Promise<T> {
    let result: T | undefined;
    try {
      return (result = await work());
    } finally {
      this.record(category, reason, result);
    }
  }

  /** Runs a load whose results are not stored. */
  async load<T>(
    keys: readonly string[],
    policy: CachePolicy<T>,
    reason: BypassReason,
    load: Load<T>,
  ): Promise<readonly T[]> {
    const { policies, signals } = this.parts;
    const resolved = policies.resolve(policy);
    const requests = keys.map((key): LoadRequest<T> => {
      const address = policies.publicAddressOf(key, policy);
      return { ...NOT_SEEN, address, policy: resolved, admit: undefined, skipReason: null, lateGroups: new Set() };
    });
    let results: readonly T[] = [];
    try {
      return (results = await signals.during({ flights: [], outer: policy.signal }, (own) => load(requests, own)));
    } finally {
      requests.forEach(({ address }, index) => this.record(address.category, reason, results[index]));
    }
  }
}
