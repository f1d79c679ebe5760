/** What `CacheModule` is told about files. */
export interface FilesOptions {
  /**
   * Folders that are watched: what changes below them makes what depends on it unusable, soon and most of the time. A
   * watcher misses changes, so no answer gets right by it; `validate` of a tool is what makes answers right. Needs the
   * package `chokidar`. Default: none.
   */
  watch?: readonly string[];
  /** Whether a path below a watched folder is left out, with all below it, such as `node_modules`. Default: none is. */
  ignore?: (path: string) => boolean;
}
