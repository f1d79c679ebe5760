import type { CacheOptions, RedisOptions } from '../../core/policy/options.js';

const GROUPS = ['redis', 'memory', 'ttl', 'compress', 'encryption', 'embeddings', 'scope', 'cascade'] as const;
const TOPOLOGY: readonly string[] = [
  'url',
  'clusterNodes',
  'sentinels',
  'sentinelName',
] satisfies (keyof RedisOptions)[];
const SENTINEL: readonly string[] = ['sentinels', 'sentinelName'] satisfies (keyof RedisOptions)[];

/**
 * Options given in code over those of the environment, field by field within each group. `undefined` and empty arrays
 * in code count as absent. A Redis named in code replaces the environment's; `redis: { url: '' }` means memory only.
 * Fields that only `code` has are kept.
 */
export function mergeOptions<O extends CacheOptions>(environment: CacheOptions, code: O): O {
  const below = { ...environment, redis: withoutReplacedTopology(environment.redis, code.redis) };
  const merged = overlay(below, code);
  for (const group of GROUPS) {
    if (isGroup(below[group]) && isGroup(code[group])) merged[group] = overlay(below[group], code[group]);
  }
  return merged as O;
}

function overlay(below: object, above: object): Record<string, unknown> {
  return { ...below, ...given(above) };
}

/** The ways to name a Redis exclude one another: one from code must not meet another one from the environment. */
function withoutReplacedTopology(environment: RedisOptions = {}, code: RedisOptions | undefined): RedisOptions {
  const chosen = Object.keys(given(code ?? {})).filter((field) => TOPOLOGY.includes(field));
  if (chosen.length === 0) return environment;
  const kept = chosen.every((field) => SENTINEL.includes(field)) ? SENTINEL : [];
  const rest = Object.entries(environment).filter(([field]) => !TOPOLOGY.includes(field) || kept.includes(field));
  return Object.fromEntries(rest);
}

function given(options: object): Record<string, unknown> {
  const isGiven = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(options).filter(([, value]) => isGiven(value)));
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
