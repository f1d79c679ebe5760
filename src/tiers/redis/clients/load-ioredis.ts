import { createRequire } from 'node:module';
import type * as Ioredis from 'ioredis';

/** The parts of the `ioredis` package that the store uses. */
export type IoredisModule = Pick<typeof Ioredis, 'Redis' | 'Cluster'>;

/** A client for one server, or for a cluster. */
export type RedisClient = Ioredis.Redis | Ioredis.Cluster;

/** Loads the optional peer `ioredis`. `null`: it is not installed, too old, or cannot be loaded. Never rejects. */
export async function loadIoredis(load: () => Promise<object> = requireOrImport): Promise<IoredisModule | null> {
  try {
    const { Redis, Cluster } = (await load()) as Partial<IoredisModule>;
    return typeof Redis === 'function' && typeof Cluster === 'function' ? { Redis, Cluster } : null;
  } catch {
    return null;
  }
}

/**
 * Requires it as the module at the URL `from` does, because Node 20 takes a third longer to import what is CommonJS. Where
 * nothing is found, imports it: a bundler puts what is imported into the app's own file, and nothing is installed beside that.
 */
export async function requireOrImport(from = import.meta.url): Promise<object> {
  try {
    return createRequire(from)('ioredis') as object;
  } catch {
    return import('ioredis');
  }
}
