import type * as Chokidar from 'chokidar';

/** The part of the `chokidar` package that is used. */
export type ChokidarModule = Pick<typeof Chokidar, 'watch'>;

/** Loads the optional peer `chokidar`. `null`: it is not installed, or cannot be loaded. Never rejects. */
export async function loadChokidar(): Promise<ChokidarModule | null> {
  try {
    return await import('chokidar');
  } catch {
    return null;
  }
}
