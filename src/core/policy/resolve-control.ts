import { CacheArgumentError } from '../errors.js';
import type { CacheControlValues } from '../ports/cache-control.js';
import { toMsOrNone } from './duration.js';
import { wrongArgument } from './wrong-argument.js';

/** How one call deals with the cache, everything filled in. At most one of the first three is true. */
export interface ResolvedControl {
  readonly bypass: boolean;
  readonly refresh: boolean;
  readonly onlyIfCached: boolean;
  /** Milliseconds; `null`: any age will do. */
  readonly maxAgeMs: number | null;
  readonly noStore: boolean;
}

/** Where nothing was said. */
const NO_CONTROL: ResolvedControl = Object.freeze({
  bypass: false,
  refresh: false,
  onlyIfCached: false,
  maxAgeMs: null,
  noStore: false,
});
/** They exclude one another. */
const MODES = ['bypass', 'refresh', 'onlyIfCached'] as const;
const FLAGS = [...MODES, 'noStore'] as const;
const NAMES: readonly string[] = [...FLAGS, 'maxAge'] satisfies (keyof CacheControlValues)[];

/**
 * What holds for a call: what its policy says, over what `ambient`, which has been checked, says of all calls around it.
 * Throws `CacheArgumentError` for what is wrong in the policy's.
 */
export function resolveControl(
  ofPolicy: CacheControlValues | undefined,
  ambient: CacheControlValues | undefined,
): ResolvedControl {
  if (ofPolicy === undefined && ambient === undefined) return NO_CONTROL;
  const values = ofPolicy === undefined ? (ambient ?? {}) : mergeControl(ambient, ofPolicy);
  const { bypass = false, refresh = false, onlyIfCached = false, noStore = false, maxAge } = values;
  const maxAgeMs = maxAge === undefined ? null : toMsOrNone(maxAge, 'maxAge');
  return { bypass, refresh, onlyIfCached, maxAgeMs, noStore };
}

/**
 * `inner` over `outer`, field by field; of the modes that exclude one another, the inner one ends the outer one. Throws
 * `CacheArgumentError` for what is wrong in `inner`, contradictions included; `outer` has been checked.
 */
export function mergeControl(outer: CacheControlValues | undefined, inner: CacheControlValues): CacheControlValues {
  assertControl(inner);
  const given = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
  const hasMode = MODES.some((mode) => inner[mode] === true);
  return { ...outer, ...(hasMode && { bypass: false, refresh: false, onlyIfCached: false }), ...given };
}

function assertControl(control: unknown): void {
  if (typeof control !== 'object' || control === null || Array.isArray(control)) {
    throw wrongArgument('control', control, `an object with some of ${NAMES.join(', ')}`);
  }
  const values = control as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && !NAMES.includes(name)) {
      throw new CacheArgumentError(`control.${name} does not exist: expected some of ${NAMES.join(', ')}`);
    }
  }
  for (const flag of FLAGS) {
    const value = values[flag];
    if (value !== undefined && typeof value !== 'boolean')
      throw wrongArgument(`control.${flag}`, value, 'true or false');
  }
  if (values.maxAge !== undefined) toMsOrNone(values.maxAge, 'control.maxAge');
  const modes = MODES.filter((mode) => values[mode] === true);
  if (modes.length > 1) {
    throw new CacheArgumentError(`control has ${modes.join(' and ')}: of ${MODES.join(', ')} at most one may be true`);
  }
}
