import type { ScopeValues } from '../policy/scope.js';
import type { ResourceGroups } from '../policy/resource-groups.js';
import { chainOfText, textOfChain } from './chain-text.js';
import { ForgottenRuns } from './forgotten-runs.js';
import { ForkedRun } from './forked-run.js';
import { stateDigest, uniqueDigest } from './state-text.js';

/** Sessions that are remembered while none of their functions runs. */
const MAX_IDLE = 10_000;

/** Who works on a copy of what. */
export interface RunOf {
  readonly scope: ScopeValues & { readonly session: string };
  readonly base: string;
  /** Where the session has come to elsewhere. */
  readonly chain?: string | undefined;
}

interface Known {
  readonly id: string;
  readonly owner: string;
  readonly run: ForkedRun;
  activeCount: number;
}

/** A run that a function begins in. */
export interface EnteredRun {
  readonly run: ForkedRun;
  /** The function has ended. */
  leave(this: void): void;
}

/**
 * The runs of this process, by tenant, base and session. Those in which nothing runs are bounded. Once one that had written
 * is forgotten, its session is not taken for a new one when it comes back: it gets a chain that nobody else has.
 */
export class ForkedRuns {
  private readonly active = new Map<string, Known>();
  /** The one that was left longest ago comes first. */
  private readonly idle = new Map<string, Known>();
  private readonly forgotten = new ForgottenRuns();

  constructor(
    private readonly resources: ResourceGroups,
    private readonly maxIdle = MAX_IDLE,
  ) {}

  /** Throws `CacheArgumentError` for a chain that is none, or of another base. */
  enter({ scope, base, chain }: RunOf): EnteredRun {
    const { tenant = null, principal = null, workspace = null, session } = scope;
    const id = JSON.stringify([tenant, base, session]);
    const owner = JSON.stringify([principal, workspace]);
    const known = this.knownOf(id, owner, stateDigest('base', base), chain);
    // Whether two who name the same session work on the same copy, nobody can tell.
    if (known.owner !== owner) known.run.lose();
    this.idle.delete(id);
    this.active.set(id, known);
    known.activeCount++;
    return { run: known.run, leave: () => this.leave(known) };
  }

  /** The copy of nobody knows whom. */
  unknown(): ForkedRun {
    const base = uniqueDigest();
    const run = new ForkedRun(this.resources, { base, root: base, versions: new Map() });
    run.lose();
    return run;
  }

  private knownOf(id: string, owner: string, base: string, text: string | undefined): Known {
    const given = text === undefined ? null : chainOfText(text, base);
    const known = this.active.get(id) ?? this.idle.get(id);
    if (known && (!given || textOfChain(known.run.chain()) === textOfChain(given))) return known;
    if (known) {
      // Whoever still works with it, has not heard of what was written elsewhere.
      const isShared = known.activeCount > 0;
      known.run.lose();
      if (isShared) return known;
    }
    const root = this.forgotten.has(id) ? uniqueDigest() : base;
    const onLostWrite = (): void => this.writtenUnseen(id);
    const run = new ForkedRun(this.resources, given ?? { base, root, versions: new Map() }, onLostWrite);
    return { id, owner, run, activeCount: 0 };
  }

  /** By what was left behind of a session that may have come back meanwhile. */
  private writtenUnseen(id: string): void {
    this.forgotten.add(id);
    (this.active.get(id) ?? this.idle.get(id))?.run.lose();
  }

  private leave(known: Known): void {
    if (--known.activeCount > 0) return;
    this.active.delete(known.id);
    this.idle.set(known.id, known);
    for (const [id, oldest] of this.idle) {
      if (this.idle.size <= this.maxIdle) return;
      this.idle.delete(id);
      if (oldest.run.hasWritten) this.forgotten.add(id);
      // What its functions have left behind may go on.
      oldest.run.lose();
    }
  }
}
