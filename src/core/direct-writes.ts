import type { EntryAddress, EntryLifetime } from './entry.js';
import { Flight, type Flights } from './flights.js';
import type { ReadPath } from './read-path.js';
import type { VersionTokens } from './version-tokens.js';
import type { EntryWrite, WritePath } from './write-path.js';

interface DirectWritesParts {
  readonly readPath: ReadPath;
  readonly writePath: WritePath;
  readonly tokens: VersionTokens;
  readonly flights: Flights;
}

/** Stores values that the caller has in hand, under the versions that are current when it does. */
export class DirectWrites {
  constructor(private readonly parts: DirectWritesParts) {}

  /** `true`: all are stored. A load of the same key under way does not overwrite them. */
  async store(values: readonly (readonly [EntryAddress, unknown])[], lifetime: EntryLifetime): Promise<boolean> {
    const { readPath, writePath, tokens, flights } = this.parts;
    const keys = new Set(values.map(([address]) => address.storageKey));
    flights.overtake((address) => keys.has(address.storageKey));
    const encodings = values.map(([address, value]) => writePath.encode(address, value));
    const reads = await readPath.read(values.map(([address]) => address));
    const stamps = values.map(([address], index) => new Flight(address, reads[index]?.fence ?? null, 0));
    const created = await tokens.create([...new Set(stamps.flatMap((stamp) => stamp.unversionedGroups))]);
    const writes = stamps.flatMap((stamp, index): EntryWrite[] => {
      if (created) stamp.stamp(created);
      const encoding = encodings[index];
      const { address, snapshot } = stamp;
      return encoding?.ok && snapshot ? [{ address, snapshot, encoded: encoding.encoded, lifetime, loadMs: 0 }] : [];
    });
    return writes.length > 0 && (await writePath.store(writes)) && writes.length === values.length;
  }
}
