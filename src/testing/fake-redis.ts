import { systemClock } from '../composition/system-clock.js';
import { CacheEventBus, type EventSink } from '../core/events.js';
import type { Clock } from '../core/ports/clock.js';
import type { Store } from '../core/ports/store.js';
import { MemoryStore } from '../tiers/memory/memory-store.js';
import { FakeConnection, type Faults } from './fake-connection.js';

/** Options of a {@link FakeRedis}; every one may be left out. */
export interface FakeRedisOptions {
  /** Default: the machine's time. With a `FakeClock`, a test moves it. */
  readonly clock?: Clock;
  /** Like `maxmemory`, with `allkeys-lru`. Default 64 MiB. */
  readonly maxBytes?: number;
}

/** Options of {@link FakeRedis.connect}; every one may be left out. */
export interface FakeConnectionOptions {
  /** The most that a command may take, in milliseconds. Default 100, as `redis.timeout`. */
  readonly timeoutMs?: number;
  /** Told when the server cannot be used, and when it can again. Default: nobody is. */
  readonly events?: EventSink;
  /** The process's own. Default: the server's. */
  readonly clock?: Clock;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 100;

/**
 * A Redis in the memory of a test, which any number of caches can share as processes share a server. Faults are switched
 * for all connections here, or for one at {@link FakeConnection}. Whatever changes is told to all of them at once.
 */
export class FakeRedis implements Faults {
  /** What its time comes from. */
  readonly clock: Clock;
  /** What another program does to the same data, as by `redis-cli`. Has no faults. */
  readonly outside: Store;
  private readonly connections = new Set<FakeConnection>();
  /** What connections that are made now have to bear too. */
  private readonly faults = new Map<'server' | 'channel', (faults: Faults) => void>();

  constructor({ clock = systemClock, maxBytes = DEFAULT_MAX_BYTES }: FakeRedisOptions = {}) {
    this.clock = clock;
    this.outside = new MemoryStore({ maxBytes, clock });
    this.outside.changes.listen({
      changed: (keys) => {
        for (const connection of this.connections) connection.hear(keys);
      },
      lost: () => {},
    });
  }

  /** A process connects. */
  connect(options: FakeConnectionOptions = {}): FakeConnection {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, events = new CacheEventBus(), clock = this.clock } = options;
    const connection = new FakeConnection({
      data: this.outside,
      clock,
      events,
      timeoutMs,
      onClosed: (closed) => void this.connections.delete(closed),
    });
    this.connections.add(connection);
    for (const suffer of this.faults.values()) suffer(connection);
    return connection;
  }

  refuse(): void {
    this.fail((faults) => faults.refuse());
  }
  hang(): void {
    this.fail((faults) => faults.hang());
  }
  slow(ms: number): void {
    this.fail((faults) => faults.slow(ms));
  }
  error(text: string): void {
    this.fail((faults) => faults.error(text));
  }
  loseChannel(options?: { readonly unnoticed?: boolean }): void {
    this.fail((faults) => faults.loseChannel(options), 'channel');
  }
  recover(): void {
    this.faults.clear();
    for (const connection of this.connections) connection.recover();
  }

  /** As `FLUSHALL`. */
  async flush(): Promise<void> {
    await this.outside.deleteMatching('*');
  }

  private fail(suffer: (faults: Faults) => void, of: 'server' | 'channel' = 'server'): void {
    this.faults.set(of, suffer);
    for (const connection of this.connections) suffer(connection);
  }
}
