import type { Group } from '../versions/groups.js';
import type { PendingInvalidations } from '../invalidation/pending-invalidations.js';
import type { Snapshot } from '../ports/codec.js';
import type { Store } from '../ports/store.js';
import type { VersionTokens } from '../versions/version-tokens.js';

interface LateGroupsParts {
  readonly store: Store;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
}

/** Changes of versions that are remembered; past it, loads under way are told that they have missed some. */
const MAX_LOG = 10_000;

/**
 * Versions for groups that a loader names after it has begun. The versions that count are those from before the load,
 * which nobody has read. Those of now are the same where the store tells of every change of a key, and has told of none to
 * theirs since the load began. Where it does not tell, such a result is not stored.
 */
export class LateGroups {
  /** Version keys that have changed since the first of the loads under way began. */
  private log: string[] = [];
  private readonly watches = new Set<Watch>();
  private readonly stopListening: () => void;

  constructor(private readonly parts: LateGroupsParts) {
    this.stopListening = parts.store.changes.listen({
      changed: (keys) => {
        if (this.watches.size > 0) this.remember(keys);
      },
      lost: () => this.forget(),
    });
  }

  /** To be called before a load begins. */
  begin(): Watch {
    const watch: Watch = new Watch(
      this.log.length,
      (groups) => this.tokensOf(groups, watch),
      () => this.end(watch),
    );
    this.watches.add(watch);
    return watch;
  }

  close(): void {
    this.stopListening();
  }

  private async tokensOf(groups: readonly Group[], watch: Watch): Promise<Snapshot | null> {
    const { store, tokens, pending } = this.parts;
    const keys = groups.map((group) => tokens.storageKeyOf(group));
    const reply = await store.entries.read([], keys, { withTtl: false });
    const areAllTold = reply.ok && (await store.changes.settled());
    if (!areAllTold || watch.hasMissed || pending.coversSome(groups)) return null;
    const changed = new Set(this.log.slice(watch.since));
    if (keys.some((key) => changed.has(key))) return null;
    const versions = groups.map((group, index) => [group, reply.value.versions[index] ?? null] as const);
    const missing = versions.flatMap(([group, version]) => (version === null ? [group] : []));
    const created = await tokens.create(missing);
    return (
      created && Object.fromEntries(versions.map(([group, version]) => [group, version ?? created.get(group) ?? '']))
    );
  }

  private remember(keys: readonly string[]): void {
    for (const key of keys) if (this.parts.tokens.isStorageKey(key)) this.log.push(key);
    if (this.log.length > MAX_LOG) this.forget();
  }

  private forget(): void {
    for (const watch of this.watches) watch.hasMissed = true;
    this.log = [];
  }

  private end(watch: Watch): void {
    this.watches.delete(watch);
    if (this.watches.size === 0) this.log = [];
  }
}

/** What is remembered for one load. */
export class Watch {
  hasMissed = false;

  constructor(
    /** Where in the log the load began. */
    readonly since: number,
    /** Versions that have been current since the load began; `null`: that is not known of all of them. */
    readonly tokensOf: (groups: readonly Group[]) => Promise<Snapshot | null>,
    /** Nothing more is asked. To be called always. */
    readonly end: () => void,
  ) {}
}
