import { beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Cluster } from 'ioredis';
import { ClusterMasters } from '../../../src/tiers/redis/tracking/cluster-masters.js';
import { slotOf } from '../../../src/tiers/redis/cluster/slots.js';

const SLOTS = 16_384;

class FakeCluster extends EventEmitter {
  readonly isCluster = true;
  slots: string[][] = [];

  /** Its map names these owners, who share the slots evenly; `others`: who own a single one. */
  refresh(owners: readonly string[], others: Readonly<Record<number, string>> = {}): void {
    this.slots = Array.from({ length: SLOTS }, (_, slot) => {
      return [others[slot] ?? (owners[Math.floor((slot * owners.length) / SLOTS)] as string)];
    });
    this.emit('refresh');
  }
}

describe('the masters of a cluster', () => {
  let masters: ClusterMasters;
  let clusters: readonly [FakeCluster, FakeCluster];

  beforeEach(() => {
    masters = new ClusterMasters(() => undefined);
    clusters = [new FakeCluster(), new FakeCluster()];
    for (const cluster of clusters) masters.watch(cluster as unknown as Cluster);
  });

  const tagOf = (address: string) => masters.all.find((master) => master.address === address)?.keyTag;

  it('each have a text whose slot is theirs, also one that owns a single slot', () => {
    clusters[0].refresh(['a:1', 'b:1'], { 7_000: 'c:1' });
    for (const { address, keyTag } of masters.all) {
      expect(clusters[0].slots[slotOf(keyTag as string)]).toEqual([address]);
    }
    expect(masters.all.map(({ address }) => address).sort()).toEqual(['a:1', 'b:1', 'c:1']);
  });

  it('keep their text while its slot is theirs', () => {
    clusters[0].refresh(['a:1', 'b:1'], { 7_000: 'c:1' });
    const before = tagOf('c:1');
    clusters[0].refresh(['a:1', 'd:1'], { 7_000: 'c:1' });
    expect(tagOf('c:1')).toBe(before);
    expect(tagOf('d:1')).toEqual(expect.any(String));
  });

  it('hold nobody up where the map of one client names a node that owns nothing by that of another', () => {
    clusters[0].refresh(['a:1', 'b:1']);
    clusters[1].refresh(['a:1', 'b:1']);
    // Runs once before it is measured.
    clusters[0].refresh(['a:1', 'c:1']);
    clusters[0].refresh(['a:1', 'b:1']);
    clusters[0].refresh(['a:1', 'c:1']);
    const startedAtMs = performance.now();
    clusters[1].refresh(['b:1', 'a:1']);
    expect(performance.now() - startedAtMs).toBeLessThan(40);
    expect(masters.all).toContainEqual({ address: 'c:1', keyTag: null });
  });
});
