import type { EntryAddress, EntryLifetime } from './entry.js';
import type { Clock } from './ports/clock.js';
import type { ReadPath } from './read-path.js';
import { within } from './resilience/within.js';
import { Stamp } from './stamp.js';
import type { VersionTokens } from './version-tokens.js';
import type { EntryWrite, WritePath } from './write-path.js';
import type { WritesUnderWay, WriteUnderWay } from './writes-under-way.js';

interface DirectWritesParts {
  readonly readPath: ReadPath;
  readonly writePath: WritePath;
  readonly tokens: VersionTokens;
  readonly underWay: WritesUnderWay;
  readonly clock: Clock;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
}

/** Stores values that the caller has in hand, under the versions that are current when it does. */
export class DirectWrites {
  constructor(private readonly parts: DirectWritesParts) {}

  /** `true`: all are stored. What was under way for the same keys does not overwrite them. */
  store(values: readonly (readonly [EntryAddress, unknown])[], lifetime: EntryLifetime): Promise<boolean> {
    const { underWay, writePath, clock, timeoutMs } = this.parts;
    const keys = new Set(values.map(([address]) => address.storageKey));
    const earlier = underWay.overtake(({ storageKey }) => keys.has(storageKey));
    const begun = values.map(([address]) => underWay.begin(address));
    const encodings = values.map(([address, value]) => writePath.encode(address, value));
    const storing = this.stamped(begun, earlier)
      .then((stamps) => {
        const writes = stamps.flatMap((stamp, index): EntryWrite[] => {
          const [write, encoding, snapshot] = [begun[index], encodings[index], stamp.snapshot];
          if (!write || !encoding?.ok || !snapshot) return [];
          return [{ underWay: write, snapshot, encoded: encoding.encoded, lifetime, loadMs: 0 }];
        });
        return Promise.all([writePath.store(writes), writes.length === values.length]);
      })
      .then((areStored) => !areStored.includes(false));
    void storing.then(() => begun.forEach((write) => underWay.end(write)));
    return within(clock, timeoutMs, storing, false);
  }

  /** Also waits until what was sent before has arrived, which several connections might carry in any order. */
  private async stamped(begun: readonly WriteUnderWay[], earlier: readonly WriteUnderWay[]): Promise<Stamp[]> {
    const { readPath, tokens } = this.parts;
    const reading = readPath.read(begun.map(({ address }) => address));
    await Promise.all(earlier.map(({ reply }) => reply));
    const stamps = (await reading).map(({ fence }) => new Stamp(fence));
    await tokens.complete(stamps);
    return stamps;
  }
}
