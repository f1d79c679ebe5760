import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { readText } from './text-file.js';
import { sortedEntries } from './workspace.js';

/** Folders whose content is not the workspace's own. */
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/**
 * Reads the plain files in a folder and in the folders below it, in the order of their names, `maxFiles` at most. Links
 * are not followed. What cannot be read, or is gone by then, is left out.
 */
export class TextFiles {
  /** False as soon as something was left out. */
  isComplete = true;
  /** Files that were read so far. */
  count = 0;

  constructor(private readonly maxFiles: number) {}

  /** `content` is null where a file is too large or no text. Rejects where the folder itself cannot be read. */
  async *of(folder: string): AsyncGenerator<{ readonly place: string; readonly content: string | null }> {
    for await (const place of this.places(folder, await sortedEntries(folder))) {
      if (this.count >= this.maxFiles) {
        this.isComplete = false;
        return;
      }
      const content = await readText(place).catch(() => this.leftOut(undefined));
      if (content === undefined) continue;
      this.count++;
      yield { place, content };
    }
  }

  private async *places(folder: string, entries: readonly Dirent[]): AsyncGenerator<string> {
    for (const entry of entries) {
      const place = join(folder, entry.name);
      if (entry.isFile()) yield place;
      else if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) {
        yield* this.places(place, await sortedEntries(place).catch(() => this.leftOut([])));
      }
    }
  }

  private leftOut<T>(instead: T): T {
    this.isComplete = false;
    return instead;
  }
}
