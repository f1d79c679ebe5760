/** So many paths are told one by one; past that, all there are. */
const MOST_PATHS = 100;

/** Paths that have changed and have not been told yet. Bounded, however many change at once. */
export class PendingPaths {
  private files = new Set<string>();
  private folders = new Set<string>();
  private isEverything = false;

  get isEmpty(): boolean {
    return this.files.size + this.folders.size === 0 && !this.isEverything;
  }

  addFile(path: string): void {
    this.add(this.files, path);
  }

  /** With all that lies below it. */
  addFolder(path: string): void {
    this.add(this.folders, path);
  }

  /** What has been added since the last call; `'everything'`: too much to name. */
  take(): { readonly files: readonly string[]; readonly folders: readonly string[] } | 'everything' {
    const { files, folders, isEverything } = this;
    this.clear();
    this.isEverything = false;
    return isEverything ? 'everything' : { files: [...files], folders: [...folders] };
  }

  private add(paths: Set<string>, path: string): void {
    if (this.isEverything) return;
    paths.add(path);
    if (this.files.size + this.folders.size <= MOST_PATHS) return;
    this.clear();
    this.isEverything = true;
  }

  private clear(): void {
    this.files = new Set();
    this.folders = new Set();
  }
}
