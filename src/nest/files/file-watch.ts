import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { FSWatcher } from 'chokidar';
import type { AgentCache } from '../../core/cache.js';
import type { Clock, Timer } from '../../core/ports/clock.js';
import { file, tree } from '../../core/policy/resource.js';
import type { FilesOptions } from './files-options.js';
import { type ChokidarModule, loadChokidar } from './load-chokidar.js';
import { PendingPaths } from './pending-paths.js';

/** What changes within it is told together. */
const TOLD_EVERY_MS = 50;

export interface FileWatchParts {
  readonly cache: AgentCache;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  readonly load?: () => Promise<ChokidarModule | null>;
}

/** Invalidates what depends on files when they change. Nobody waits for it; whatever fails in it, the app goes on. */
export class FileWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly pending = new PendingPaths();
  private readonly folders: readonly string[];
  private watcher: FSWatcher | null = null;
  private timer: Timer | null = null;
  private isTelling = false;
  private isClosed = false;

  constructor(
    private readonly options: FilesOptions,
    private readonly parts: FileWatchParts,
  ) {
    this.folders = options.watch ?? [];
  }

  onApplicationBootstrap(): void {
    if (this.folders.length > 0 && this.parts.cache.isOpen) void this.open();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.watcher?.close();
  }

  private async open(): Promise<void> {
    const { warn, load = loadChokidar } = this.parts;
    try {
      const chokidar = await load();
      if (chokidar) return this.watch(chokidar);
      warn('files.watch has no effect: install the package chokidar, or leave the option out');
    } catch {
      warn('files.watch has no effect: the watcher could not be started');
    }
  }

  private watch(chokidar: ChokidarModule): void {
    if (this.isClosed) return;
    const { ignore } = this.options;
    const watcher = chokidar.watch([...this.folders], {
      ignoreInitial: true,
      ...(ignore && { ignored: (path) => ignore(path) }),
    });
    this.watcher = watcher;
    for (const event of ['add', 'change', 'unlink'] as const)
      watcher.on(event, (path) => this.changed('addFile', path));
    for (const event of ['addDir', 'unlinkDir'] as const) watcher.on(event, (path) => this.changed('addFolder', path));
    watcher.once('error', () =>
      this.parts.warn('the watcher of files.watch failed: some changes of files are not told'),
    );
    watcher.on('error', () => undefined);
  }

  private changed(add: 'addFile' | 'addFolder', path: string): void {
    this.pending[add](path);
    if (this.isClosed || this.timer !== null || this.isTelling) return;
    this.timer = this.parts.clock.after(TOLD_EVERY_MS, () => void this.tell());
  }

  /** One after another, so that a slow Redis does not gather invalidations. */
  private async tell(): Promise<void> {
    this.timer = null;
    this.isTelling = true;
    try {
      while (!this.isClosed && !this.pending.isEmpty) await this.invalidate(this.pending.take());
    } catch {
      // It fails for who asks for it, and nobody did.
    } finally {
      this.isTelling = false;
    }
  }

  private async invalidate(changed: ReturnType<PendingPaths['take']>): Promise<void> {
    const resources =
      changed === 'everything'
        ? this.folders.map((folder) => tree(folder))
        : [...changed.files.map((path) => file(path)), ...changed.folders.map((path) => tree(path))];
    await Promise.all(resources.map((resource) => this.parts.cache.invalidate({ resource })));
  }
}
