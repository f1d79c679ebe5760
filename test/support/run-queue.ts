import { closeSync, openSync, readSync } from 'node:fs';

const ROOM = 128;

/**
 * How long processes have waited for a processor although they had something to do, as Linux counts it: the machine was busy with
 * others. What a process does itself, however long, is not in it. Elsewhere it is always 0.
 */
export class RunQueue {
  private readonly buffer = Buffer.alloc(ROOM);
  private readonly files = new Map<number, number>();

  /** From now on, these processes' waiting counts, and no others'. */
  watch(processIds: readonly number[]): void {
    this.close();
    for (const id of processIds) {
      try {
        this.files.set(id, openSync(`/proc/${id}/schedstat`, 'r'));
      } catch {
        // Not Linux, or it has ended.
      }
    }
  }

  /** Milliseconds since some time in the past; only differences mean something. */
  waitedMs(): number {
    let ns = 0;
    for (const file of this.files.values()) ns += this.read(file);
    return ns / 1e6;
  }

  close(): void {
    for (const file of this.files.values()) closeSync(file);
    this.files.clear();
  }

  private read(file: number): number {
    try {
      const length = readSync(file, this.buffer, 0, ROOM, 0);
      return Number(this.buffer.toString('latin1', 0, length).split(' ')[1]);
    } catch {
      return 0;
    }
  }
}
