import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of files that a test changes. */
export class Folder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'agent-cache-files-')));
  private readonly probe = join(mkdtempSync(join(tmpdir(), 'agent-cache-probe-')), 'probe');

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), text);
  }

  /** Writes another text and gives the file the times back that it had. */
  writeUnderOldTimes(name: string, text: string): void {
    const { atime, mtime } = lstatSync(this.at(name));
    this.write(name, text);
    utimesSync(this.at(name), atime, mtime);
  }

  /** Returns once the file system gives later times than it has given so far, without asking a clock. */
  tick(): void {
    const timeOf = (): bigint => {
      writeFileSync(this.probe, '');
      return lstatSync(this.probe, { bigint: true }).ctimeNs;
    };
    const from = timeOf();
    while (timeOf() <= from);
  }

  remove(): void {
    for (const path of [this.path, dirname(this.probe)]) rmSync(path, { recursive: true, force: true });
  }
}
