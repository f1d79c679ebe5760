import type { CanActivate } from '@nestjs/common';
import { OptionCheck } from '../../../core/policy/option-check.js';
import type { OptionNames } from '../../../core/policy/option-names.js';
import type { CacheHttpOptions } from '../http-options.js';
import type { CacheAdminOptions } from './admin-options.js';

type Guard = NonNullable<CacheAdminOptions['guard']>;

/** The options with their defaults. */
export interface ResolvedAdminOptions {
  readonly guard: Guard | undefined;
  readonly limit: number;
  readonly ttlMs: number;
}

const NAMES: OptionNames<CacheHttpOptions> = { interceptor: true, admin: true };
const ADMIN_NAMES: OptionNames<CacheAdminOptions> = { guard: true, limit: true, ttl: true };

/** Throws one `CacheConfigurationError` that names every wrong and every unknown option. */
export function resolveAdminOptions(options: CacheHttpOptions): ResolvedAdminOptions {
  const check = new OptionCheck();
  const { interceptor, admin } = check.group<CacheHttpOptions>('', options, NAMES);
  check.boolean('interceptor', interceptor, true);
  const { guard, limit, ttl } = check.group<CacheAdminOptions>('admin', admin, ADMIN_NAMES);
  const resolved = {
    guard: check.either<Guard, undefined>(
      'admin.guard',
      guard,
      undefined,
      isGuard,
      'a guard: a class or an instance with canActivate()',
    ),
    limit: check.count('admin.limit', limit, 10, { min: 1, max: 1_000 }, 10),
    ttlMs: check.duration('admin.ttl', ttl, '1m', { min: 1_000, max: 3_600_000 }),
  };
  check.throwIfWrong();
  return resolved;
}

function isGuard(value: unknown): boolean {
  const holder: unknown = typeof value === 'function' ? value.prototype : value;
  return typeof (holder as Partial<CanActivate> | null | undefined)?.canActivate === 'function';
}
