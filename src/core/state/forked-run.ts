import type { Group } from '../versions/groups.js';
import type { Resource } from '../policy/resource.js';
import type { Fork, Write, WriteUnderWay } from '../ports/fork-source.js';
import type { ResourceGroups } from '../policy/resource-groups.js';
import { TextMemo } from '../policy/text-memo.js';
import type { Chain } from './chain-text.js';
import { stateDigest, uniqueDigest, type StateDigest } from './state-text.js';

/** Groups that one run remembers to have written to; past it, all it has written counts for everything that it reads. */
const MAX_VERSIONS = 10_000;
const ID_DIGITS = 16;

interface OpenWrite {
  readonly changed: ReadonlySet<string>;
  readonly needed: readonly string[] | null;
  isUnique: boolean;
}

/**
 * The state of one run's copy of a base: the base, and for each group of resources the chain of writes that touched it. The
 * groups are those of live versions, so what depends on a resource has another state after exactly those writes after
 * which it would be unusable in the live world.
 *
 * A write is told from others by its key and by the state of all that it changes and depends on: the same call on another
 * state is another write. While it is under way, the state of what it touches is not known, and nothing is read from the
 * cache or stored under it. Two that overlap and concern the same, and one of which nobody knows how far it got, are like
 * no others.
 */
export class ForkedRun implements Fork {
  private readonly versions: Map<string, StateDigest>;
  private readonly underWay = new Set<OpenWrite>();
  private readonly ids = new TextMemo((group: Group) => stateDigest('group', group).slice(0, ID_DIGITS));
  readonly base: StateDigest;
  private root: StateDigest;
  private isLost = false;

  constructor(
    private readonly resources: ResourceGroups,
    /** Of the base, and where the run has come to. */
    { base, root, versions }: Chain,
    /** Told of writes once its state is not known any more. */
    private readonly onLostWrite: () => void = () => undefined,
  ) {
    this.base = base;
    this.root = root;
    this.versions = new Map(versions);
  }

  /** Whether it has left the base, or may do so any moment. */
  get hasWritten(): boolean {
    return this.isLost || this.root !== this.base || this.versions.size > 0 || this.underWay.size > 0;
  }

  stateOf(resources: readonly Resource[]): string | null {
    const groups = this.resources.stamped(resources);
    if (this.isLost || !groups) return null;
    if (!this.hasWritten) return this.root;
    const ids = groups.map((group) => this.ids.of(group));
    for (const { changed } of this.underWay) if (ids.some((id) => changed.has(id))) return null;
    return this.stateAt(ids);
  }

  begin({ key, mutates, dependsOn = [] }: Write): WriteUnderWay {
    const changed = new Set(this.resources.changed(mutates).map((group) => this.ids.of(group)));
    const needed = this.resources.stamped([...mutates, ...dependsOn])?.map((group) => this.ids.of(group)) ?? null;
    const write: OpenWrite = { changed, needed, isUnique: key === null || needed === null };
    for (const other of this.underWay) if (areEntangled(write, other)) write.isUnique = other.isUnique = true;
    const digest = needed && stateDigest('write', key, this.stateAt(needed));
    this.underWay.add(write);
    if (this.isLost) this.onLostWrite();
    return {
      end: (isKnown) => {
        if (!this.underWay.delete(write)) return;
        this.record(changed, digest && isKnown && !write.isUnique ? digest : uniqueDigest());
      },
    };
  }

  /** Where it has come to. What is being written now is like nothing else. */
  chain(): Chain {
    const versions = new Map(this.versions);
    for (const { changed } of this.underWay) for (const id of changed) versions.set(id, uniqueDigest());
    return { base: this.base, root: this.isLost ? uniqueDigest() : this.root, versions };
  }

  /** Its state is not known from now on: somebody else may write to it. */
  lose(): void {
    this.isLost = true;
  }

  private stateAt(ids: readonly string[]): StateDigest {
    const written = ids.filter((id) => this.versions.has(id)).sort();
    if (written.length === 0) return this.root;
    return stateDigest('state', this.root, ...written.map((id) => [id, this.versions.get(id)]));
  }

  private record(changed: ReadonlySet<string>, write: StateDigest): void {
    for (const id of changed) this.versions.set(id, stateDigest('chain', this.versions.get(id) ?? null, write));
    if (this.versions.size <= MAX_VERSIONS) return;
    this.root = stateDigest('all', this.root, ...[...this.versions].sort());
    this.versions.clear();
  }
}

function areEntangled(a: OpenWrite, b: OpenWrite): boolean {
  if (!a.needed || !b.needed) return true;
  return a.needed.some((id) => b.changed.has(id)) || b.needed.some((id) => a.changed.has(id));
}
