import { assertArray, contextGroup, distinct, namespaceGroup, tagGroup, type Group } from '../versions/groups.js';
import type { CachePolicy } from './cache-policy.js';
import type { Cascade } from './cascade.js';
import type { ResourceGroups } from './resource-groups.js';
import { TextMemo } from './text-memo.js';

const NONE: readonly Group[] = [];

type GroupedPolicy = Pick<CachePolicy<never>, 'tags' | 'context' | 'dependsOn'>;

/**
 * The groups that policies name. They are made for every call, also for a hit in memory, so the groups of texts that were
 * seen before are not made again. Throws `CacheArgumentError` for what is no tag, context or resource.
 */
export class EntryGroups {
  private readonly namespaces = new TextMemo(namespaceGroup);
  private readonly tags = new TextMemo(tagGroup);
  private readonly contexts = new TextMemo(contextGroup);

  constructor(
    private readonly cascade: Cascade,
    private readonly resources: ResourceGroups,
  ) {}

  ofNamespace(namespace: string): Group {
    return this.namespaces.of(namespace);
  }

  /** All but namespace and scope, each once; `null`: it is not known what they depend on. */
  namedBy({ tags, context, dependsOn }: GroupedPolicy): readonly Group[] | null {
    const ofTags = tags === undefined ? NONE : this.ofTags(tags);
    const ofResources = dependsOn === undefined ? NONE : this.resources.stamped(dependsOn);
    if (!ofTags || !ofResources) return null;
    if (context === undefined) return ofResources.length === 0 ? ofTags : [...ofTags, ...ofResources];
    return [...ofTags, this.contexts.of(context), ...ofResources];
  }

  /** Of the tags and of all that they depend on, each once; `null`: that is not known. */
  ofTags(tags: readonly string[]): readonly Group[] | null {
    assertArray('tags', tags, 'texts');
    const groups = this.cascade.ofTags(tags)?.map((tag) => this.tags.of(tag));
    return groups ? distinct(groups) : null;
  }
}
