import {
  assertArray,
  ANY_RESOURCE,
  distinct,
  pathGroup,
  resourceGroup,
  SOME_RESOURCE,
  type Group,
} from '../versions/groups.js';
import type { PathPlaces } from '../ports/path-places.js';
import type { Cascade } from './cascade.js';
import { foldersAbove, lexicalPath } from './lexical-path.js';
import { isEverything, isPath, normalised, type Resource } from './resource.js';

const NONE: readonly Group[] = [];
/** Paths whose groups are remembered; past it, all are forgotten. */
const MAX_KNOWN = 4_096;

/** Paths by their text alone, relative ones as if they began at `/`. */
export const LEXICAL_PLACES: PathPlaces = { placesOf: (path) => [lexicalPath(`/${path}`)] };

/**
 * The groups of resources: what depends on one is stamped with some, a change of one renews some, and they meet wherever
 * the change concerns what depends.
 *
 * A path has three groups. `at`: renewed when it, or an entry of the folder that it is, changes. `below`: when anything at or
 * below it changes. `whole`: when it changes itself, and with it all that lies below. What depends on a file is stamped
 * with its `at`, on a tree with its `below`, and both with the `whole` of every folder above. So any change is one write of
 * a few versions, however many entries and files there are.
 */
export class ResourceGroups {
  private readonly stamps = new Map<string, readonly Group[]>();

  constructor(
    private readonly cascade: Cascade,
    private readonly places: PathPlaces = LEXICAL_PLACES,
  ) {}

  /** What depends on the resources is stamped with; `null`: it is not known what they depend on. Throws `CacheArgumentError`. */
  stamped(resources: readonly Resource[]): readonly Group[] | null {
    assertArray('dependsOn', resources, 'resources');
    if (resources.length === 0) return NONE;
    const all = this.cascade.ofResources(resources.map(normalised));
    if (!all) return null;
    return distinct([...all.flatMap((resource) => this.stampedOne(resource)), ANY_RESOURCE]);
  }

  /** What a change of the resources renews. Throws `CacheArgumentError`. */
  changed(resources: readonly Resource[]): readonly Group[] {
    assertArray('resources', resources, 'resources');
    return distinct(resources.map(normalised).flatMap((resource) => this.changedOne(resource)));
  }

  private stampedOne(resource: Resource): readonly Group[] {
    if (isEverything(resource)) return [SOME_RESOURCE];
    if (!isPath(resource)) return [resourceGroup(resource)];
    return this.places.placesOf(resource.id).flatMap((place) => this.stampedPath(resource.type, place));
  }

  private stampedPath(type: string, place: string): readonly Group[] {
    const id = `${type} ${place}`;
    const known = this.stamps.get(id);
    if (known) return known;
    const own = pathGroup(type === 'tree' ? 'below' : 'at', place);
    const groups = [own, ...foldersAbove(place).map((folder) => pathGroup('whole', folder))];
    if (this.stamps.size >= MAX_KNOWN) this.stamps.clear();
    this.stamps.set(id, groups);
    return groups;
  }

  private changedOne(resource: Resource): readonly Group[] {
    if (isEverything(resource)) return [ANY_RESOURCE];
    if (!isPath(resource)) return [resourceGroup(resource), SOME_RESOURCE];
    return [...this.places.placesOf(resource.id).flatMap(changedPath), SOME_RESOURCE];
  }
}

function changedPath(place: string): Group[] {
  const above = foldersAbove(place);
  const [parent] = above;
  return [
    pathGroup('at', place),
    // Its entries are others, or other ones.
    ...(parent === undefined ? [] : [pathGroup('at', parent)]),
    pathGroup('whole', place),
    ...[place, ...above].map((folder) => pathGroup('below', folder)),
  ];
}
