import { resourceGroup, tagGroup, type Group } from '../versions/groups.js';
import type { CascadeOptions } from './options.js';
import { normalised, type Resource } from './resource.js';

/** More than this many that follow from one call's tags, or resources, are taken for a chain without an end. */
const MAX_FOLLOWING = 200;

/**
 * What tags and resources depend on, at any remove: an entry that names one belongs to the groups of all of these as well,
 * so that invalidating the one below is still one write.
 *
 * The functions are the app's and asked at each call. Where one throws, or answers anything but an array of what it
 * should, or no end is in sight, it is not known what an entry depends on: nothing may be cached then, because an
 * invalidation would not find it.
 */
export class Cascade {
  constructor(private readonly functions: CascadeOptions) {}

  /** The tags and all that they depend on, each once; `null`: not known. */
  ofTags(tags: readonly string[]): readonly string[] | null {
    const { tag } = this.functions;
    return tag ? closureOf(tags, tagGroup, tag) : tags;
  }

  /** As {@link ofTags}. */
  ofResources(resources: readonly Resource[]): readonly Resource[] | null {
    const { resource } = this.functions;
    if (!resource) return resources;
    return closureOf(resources, (item) => resourceGroup(normalised(item)), resource)?.map(normalised) ?? null;
  }
}

/** `groupOf` tells items apart and throws for what is none. Cycles end because each is asked about once. */
function closureOf<T>(
  given: readonly T[],
  groupOf: (item: T) => Group,
  dependenciesOf: (item: T) => unknown,
): readonly T[] | null {
  const found = new Map(given.map((item) => [groupOf(item), item]));
  const maxCount = found.size + MAX_FOLLOWING;
  try {
    // What is added meanwhile is walked, too.
    for (const item of found.values()) {
      for (const dependency of arrayOf<T>(dependenciesOf(item))) found.set(groupOf(dependency), dependency);
      if (found.size > maxCount) return null;
    }
  } catch {
    return null;
  }
  return [...found.values()];
}

function arrayOf<T>(answer: unknown): readonly T[] {
  if (Array.isArray(answer)) return answer as T[];
  // Nobody else waits for a Promise, should it fail.
  if (answer instanceof Promise) answer.catch(() => undefined);
  throw new TypeError('a function of `cascade` answered no array');
}
