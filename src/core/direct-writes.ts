import type { EntryAddress, EntryLifetime } from './entry.js';
import type { Clock } from './ports/clock.js';
import type { Encoding } from './ports/codec.js';
import type { ReadPath } from './read-path.js';
import { within } from './resilience/within.js';
import { Stamp } from './stamp.js';
import type { VersionTokens } from './version-tokens.js';
import type { EntryWrite, WritePath } from './write-path.js';
import { namespacesInDoubt, type SentWrite, type WritesUnderWay, type WriteUnderWay } from './writes-under-way.js';

interface DirectWritesParts {
  readonly readPath: ReadPath;
  readonly writePath: WritePath;
  readonly tokens: VersionTokens;
  readonly underWay: WritesUnderWay;
  readonly clock: Clock;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
}

interface Begun {
  readonly underWay: WriteUnderWay;
  readonly encoding: Encoding;
}

/** Stores values that the caller has in hand, under the versions that are current when it does. */
export class DirectWrites {
  constructor(private readonly parts: DirectWritesParts) {}

  /** `true`: all are stored. What was under way for the same keys does not overwrite them. */
  store(values: readonly (readonly [EntryAddress, unknown])[], lifetime: EntryLifetime): Promise<boolean> {
    const { underWay, clock, timeoutMs } = this.parts;
    const keys = new Set(values.map(([address]) => address.storageKey));
    const earlier = underWay.overtakeKeys(keys);
    const begun = values.map(([address, value]): Begun => {
      return { underWay: underWay.begin(address), encoding: this.parts.writePath.encode(address, value) };
    });
    return within(clock, timeoutMs, this.finish(begun, earlier, lifetime), false);
  }

  private async finish(
    begun: readonly Begun[],
    earlier: readonly SentWrite[],
    lifetime: EntryLifetime,
  ): Promise<boolean> {
    const stamps = await this.stamped(begun, earlier);
    const writes = begun.flatMap(({ underWay, encoding }, index): EntryWrite[] => {
      const snapshot = stamps[index]?.snapshot;
      return encoding.ok && snapshot ? [{ underWay, snapshot, encoded: encoding.encoded, lifetime, loadMs: 0 }] : [];
    });
    const areStored = await this.parts.writePath.store(writes);
    for (const { underWay } of begun) this.parts.underWay.end(underWay);
    return areStored && writes.length === begun.length;
  }

  /** Also waits until what was sent before has arrived, which several connections might carry in any order. */
  private async stamped(begun: readonly Begun[], earlier: readonly SentWrite[]): Promise<Stamp[]> {
    const { readPath, tokens } = this.parts;
    const addresses = begun.map(({ underWay }) => underWay.address);
    let reading = readPath.read(addresses);
    const inDoubt = await namespacesInDoubt(earlier);
    if (inDoubt.length > 0) {
      // What got no answer may arrive after this, and must be unusable then.
      if (!(await tokens.renew(inDoubt)).ok) return addresses.map(() => new Stamp(null));
      this.parts.underWay.forget(earlier);
      reading = readPath.read(addresses);
    }
    const stamps = (await reading).map(({ fence }) => new Stamp(fence));
    await tokens.complete(stamps);
    return stamps;
  }
}
