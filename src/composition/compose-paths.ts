import { createEnvelopeCodec } from '../codec/envelope-codec.js';
import { createValueCodec } from '../codec/value-codec.js';
import { Backoff } from '../core/loading/backoff.js';
import type { AgentCacheParts } from '../core/cache.js';
import { DirectWrites } from '../core/writing/direct-writes.js';
import { EagerRefresh } from '../core/loading/eager-refresh.js';
import type { CacheEventBus } from '../core/events.js';
import { Flights } from '../core/under-way/flights.js';
import { Invalidation } from '../core/invalidation/invalidation.js';
import type { StoreNames } from '../core/key/store-names.js';
import { KeyChanges } from '../core/under-way/key-changes.js';
import { LateGroups } from '../core/loading/late-groups.js';
import { Leases } from '../core/under-way/leases.js';
import { LedLoads } from '../core/loading/led-loads.js';
import { LoadPath } from '../core/loading/load-path.js';
import { LoadRuns } from '../core/loading/load-runs.js';
import type { LoadSignals } from '../core/loading/load-signals.js';
import { LoadThrough } from '../core/loading/load-through.js';
import { OtherLoads } from '../core/loading/other-loads.js';
import type { OutcomeLog } from '../core/outcome-log.js';
import { PendingInvalidations } from '../core/invalidation/pending-invalidations.js';
import type { ResolvedOptions } from '../core/policy/options.js';
import type { PolicyResolver } from '../core/policy/resolve-policy.js';
import type { Clock } from '../core/ports/clock.js';
import type { MemoryTier } from '../core/ports/memory-tier.js';
import type { Store } from '../core/ports/store.js';
import { Preparation } from '../core/loading/preparation.js';
import { ReadPath } from '../core/reading/read-path.js';
import { ReadReport } from '../core/reading/read-report.js';
import type { Refusals } from '../core/refusals.js';
import { RecentInvalidations } from '../core/invalidation/recent-invalidations.js';
import { ValueCodecs } from '../core/value-codecs.js';
import { VersionTokens } from '../core/versions/version-tokens.js';
import { WritePath } from '../core/writing/write-path.js';
import { WriteThrough } from '../core/writing/write-through.js';
import { MemoryTier as LruMemoryTier } from '../tiers/memory/memory-tier.js';
import { AsyncLoadNesting } from './async-load-nesting.js';

export interface Surroundings {
  readonly store: Store;
  readonly clock: Clock;
  /** Between 0 and 1: what is left to chance. Default `Math.random`. */
  readonly random?: () => number;
  readonly events: CacheEventBus;
  /** Answers what is used in the place of the memory tier that it is given; for tests that take a part of it out. */
  readonly memory?: (tier: MemoryTier) => MemoryTier;
}

/** What all paths have in common. */
export type PathParts = Surroundings & {
  readonly policies: PolicyResolver;
  readonly names: StoreNames;
  readonly outcomes: OutcomeLog;
  readonly refusals: Refusals;
  readonly signals: LoadSignals;
  readonly random: () => number;
  readonly timeoutMs: number;
};

/** The ways that calls take, wired to one store. */
export type Paths = Pick<
  AgentCacheParts,
  'readPath' | 'writePath' | 'directWrites' | 'writeThrough' | 'invalidation'
> & {
  readonly loadThrough: LoadThrough;
  close(): void;
};

export function composePaths(options: ResolvedOptions, common: PathParts): Paths {
  const parts = composeParts(options, common);
  const readPath = new ReadPath(parts);
  const writePath = new WritePath(parts);
  const changes = new KeyChanges(common.store.changes, common.clock);
  const otherLoads = new OtherLoads({ ...parts, readPath, changes });
  const lateGroups = new LateGroups(parts);
  const invalidation = new Invalidation(parts);
  const directWrites = new DirectWrites({ ...parts, readPath, writePath });
  return {
    readPath,
    writePath,
    loadThrough: composeLoadThrough({ ...parts, readPath, writePath, otherLoads, lateGroups }),
    directWrites,
    writeThrough: new WriteThrough({ ...common, directWrites, invalidation }),
    invalidation,
    close: () => {
      for (const part of [otherLoads, lateGroups, parts.leases, invalidation]) part.close();
    },
  };
}

/** What several of the ways need. */
function composeParts(options: ResolvedOptions, common: PathParts) {
  const { ttl, graceMs, compressMinBytes, encryptionKeys, maxValueBytes } = options;
  const tokens = new VersionTokens({ ...common, entryMs: ttl.maxMs + graceMs });
  return {
    ...common,
    maxValueBytes,
    tokens,
    values: new ValueCodecs(createValueCodec()),
    envelopes: createEnvelopeCodec({ compressMinBytes, encryptionKeys, maxPayloadBytes: maxValueBytes }),
    pending: new PendingInvalidations(),
    recent: new RecentInvalidations(common.clock),
    flights: new Flights(common.clock),
    leases: new Leases(common),
    memory: composeMemory(options, common, tokens),
  };
}

type LoadParts = Omit<PathParts, 'memory'> &
  Omit<ConstructorParameters<typeof LoadRuns>[0], 'nesting'> &
  ConstructorParameters<typeof Preparation>[0] & { readonly readPath: ReadPath; readonly otherLoads: OtherLoads };

function composeLoadThrough(parts: LoadParts): LoadThrough {
  const nesting = new AsyncLoadNesting();
  const runs = new LoadRuns({ ...parts, nesting });
  const ledLoads = new LedLoads({ ...parts, runs, preparation: new Preparation(parts) });
  const loadPath = new LoadPath({ ...parts, nesting, ledLoads });
  const backoff = new Backoff(parts.clock);
  const eagerRefresh = new EagerRefresh({ ...parts, loadPath, backoff });
  return new LoadThrough({ ...parts, loadPath, eagerRefresh, backoff, report: new ReadReport(parts.events) });
}

function composeMemory(
  { memory }: ResolvedOptions,
  { store, clock, events, memory: inPlaceOf }: PathParts,
  tokens: VersionTokens,
): MemoryTier {
  const tier = new LruMemoryTier({
    ...memory,
    clock,
    changes: store.changes,
    versionPrefix: tokens.keyPrefix,
    onEvicted: (storageKey) => events.emit('evict', { storageKey }),
    onUsed: store.entries.touch && ((storageKey) => store.entries.touch?.(storageKey)),
  });
  return inPlaceOf?.(tier) ?? tier;
}
