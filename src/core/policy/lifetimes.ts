import type { EntryLifetime, ResolvedPolicy } from '../entry.js';
import type { CachePolicy } from './cache-policy.js';
import { DEFAULT_POLICY } from './default-options.js';
import { parseDuration, toMs, toMsOrNone } from './duration.js';
import { EAGER_REFRESH_RATIO, EARLY_EXPIRY_BETA, JITTER_RATIO, numberOf } from './number-rules.js';
import type { ResolvedOptions } from './options.js';
import { TextMemo } from './text-memo.js';
import { wrongArgument } from './wrong-argument.js';

const NO_DURATION = -1;
const MAX_TEXTS = 1_000;

/**
 * Reads the times and numbers of policies. What a policy does not say is as the options say. Every call is resolved
 * before it reads, so texts that were read before are not read again, and of an empty policy nothing is made.
 *
 * Every method throws `CacheArgumentError` for what is no duration, or is out of range.
 */
export class Lifetimes {
  private readonly msByText = new TextMemo((text) => parseDuration(text) ?? NO_DURATION, MAX_TEXTS);
  private readonly byDefault: ResolvedPolicy;

  constructor(private readonly options: Pick<ResolvedOptions, 'ttl' | 'graceMs'>) {
    this.byDefault = Object.freeze<ResolvedPolicy>({
      ttlMs: Math.min(options.ttl.defaultMs, options.ttl.maxMs),
      graceMs: options.graceMs,
      softTimeoutMs: null,
      hardTimeoutMs: toMs(DEFAULT_POLICY.hardTimeout, 'hardTimeout'),
      eagerRefreshRatio: null,
      earlyExpiryBeta: null,
      jitterRatio: 0,
      negativeTtlMs: null,
    });
  }

  resolve(policy: CachePolicy<never>): ResolvedPolicy {
    assertSignal(policy.signal);
    if (isSilent(policy)) return this.byDefault;
    const { softTimeout, hardTimeout, negativeTtl, jitterRatio } = policy;
    return {
      ttlMs: this.ttlOf(policy.ttl),
      graceMs: this.graceOf(policy.grace),
      softTimeoutMs: softTimeout === undefined ? null : this.msOrNone(softTimeout, 'softTimeout'),
      hardTimeoutMs: hardTimeout === undefined ? this.byDefault.hardTimeoutMs : this.ms(hardTimeout, 'hardTimeout'),
      eagerRefreshRatio: numberOf('eagerRefreshRatio', policy.eagerRefreshRatio, EAGER_REFRESH_RATIO),
      earlyExpiryBeta: numberOf('earlyExpiryBeta', policy.earlyExpiryBeta, EARLY_EXPIRY_BETA),
      jitterRatio: numberOf('jitterRatio', jitterRatio, JITTER_RATIO) ?? 0,
      negativeTtlMs: negativeTtl === undefined ? null : this.cut(this.msOrNone(negativeTtl, 'negativeTtl')),
    };
  }

  /** `graceMs`: in place of the policy's. */
  of({ ttl, grace }: Pick<CachePolicy<never>, 'ttl' | 'grace'>, graceMs?: number): EntryLifetime {
    return { ttlMs: this.ttlOf(ttl), graceMs: graceMs ?? this.graceOf(grace) };
  }

  private ttlOf(ttl: CachePolicy['ttl']): number {
    return ttl === undefined ? this.byDefault.ttlMs : this.cut(this.ms(ttl, 'ttl'));
  }

  private graceOf(grace: CachePolicy['grace']): number {
    return grace === undefined ? this.options.graceMs : this.msOrNone(grace, 'grace');
  }

  private cut(ms: number): number {
    return Math.min(ms, this.options.ttl.maxMs);
  }

  /** At least 1. */
  private ms(value: string, what: string): number {
    const ms = this.known(value);
    return ms >= 1 ? ms : toMs(value, what);
  }

  private msOrNone(value: string, what: string): number {
    const ms = this.known(value);
    return ms >= 0 ? ms : toMsOrNone(value, what);
  }

  private known(value: unknown): number {
    return typeof value === 'string' ? this.msByText.of(value) : NO_DURATION;
  }
}

/** Of this or another realm. */
function assertSignal(signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return;
  throw wrongArgument('signal', signal, 'an AbortSignal');
}

function isSilent(policy: CachePolicy<never>): boolean {
  return (
    policy.ttl === undefined &&
    policy.grace === undefined &&
    policy.softTimeout === undefined &&
    policy.hardTimeout === undefined &&
    policy.eagerRefreshRatio === undefined &&
    policy.earlyExpiryBeta === undefined &&
    policy.jitterRatio === undefined &&
    policy.negativeTtl === undefined
  );
}
