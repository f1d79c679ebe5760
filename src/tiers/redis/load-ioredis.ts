import type * as Ioredis from 'ioredis';

/** The parts of the `ioredis` package that the store uses. */
export type IoredisModule = Pick<typeof Ioredis, 'Redis' | 'Cluster'>;

/** A client for one server, or for a cluster. */
export type RedisClient = Ioredis.Redis | Ioredis.Cluster;

/** Loads the optional peer `ioredis`. `null`: it is not installed, too old, or cannot be loaded. Never rejects. */
export async function loadIoredis(
  load: () => Promise<object> = () => import('ioredis'),
): Promise<IoredisModule | null> {
  try {
    const { Redis, Cluster } = (await load()) as Partial<IoredisModule>;
    return typeof Redis === 'function' && typeof Cluster === 'function' ? { Redis, Cluster } : null;
  } catch {
    return null;
  }
}
