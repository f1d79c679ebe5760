import type { Cluster, Redis } from 'ioredis';
import { addressOf, ownersBySlot } from '../cluster/cluster-nodes.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import type { Master, Masters } from './masters.js';
import { isCluster } from '../clients/redis-client.js';
import { slotOf } from '../cluster/slots.js';

/** So many texts meet every slot, even the only one of a master, but for a chance of one in 100,000. */
const MAX_TAGS = 200_000;

/** The masters of a cluster, as its clients last heard, each of whom has a map of its own. */
export class ClusterMasters implements Masters {
  /** Owners by slot. */
  private readonly maps = new Map<Cluster, readonly string[]>();
  private masters: readonly Master[] = [];

  constructor(private readonly onChange: () => void) {}

  get all(): readonly Master[] {
    return this.masters;
  }

  watch(client: RedisClient): void {
    if (!isCluster(client)) return;
    client.on('refresh', () => this.refreshed(client));
    // A redirection may lead to a master that the map does not know yet: its answers must not be held before it is heard.
    client.on('+node', (node: Redis) => {
      if (node.options.readOnly !== true && this.maps.has(client)) this.met(addressOf(node));
    });
    client.once('end', () => this.maps.delete(client));
  }

  private refreshed(cluster: Cluster): void {
    const owners = ownersBySlot(cluster);
    const known = this.maps.get(cluster);
    this.maps.set(cluster, owners);
    const isSame = known?.every((owner, slot) => owner === owners[slot]) ?? false;
    const addresses = new Set([...this.maps.values()].flatMap((map) => [...new Set(map)]));
    addresses.delete('');
    const areKnown =
      addresses.size === this.masters.length && this.masters.every(({ address }) => addresses.has(address));
    if (isSame && areKnown) return;
    const tags = tagsOf(owners, this.masters);
    this.masters = [...addresses].map((address) => ({ address, keyTag: tags.get(address) ?? null }));
    this.onChange();
  }

  private met(address: string): void {
    if (this.masters.some((master) => master.address === address)) return;
    this.masters = [...this.masters, { address, keyTag: null }];
    this.onChange();
  }
}

/** For each owner a text that, as the hash tag of a key, makes it belong to that node: the one that `known` has, or another. */
function tagsOf(owners: readonly string[], known: readonly Master[]): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const { address, keyTag } of known) {
    if (keyTag !== null && owners[slotOf(keyTag)] === address) tags.set(address, keyTag);
  }
  const wanted = new Set(owners);
  wanted.delete('');
  // Another client's map may name nodes that own nothing by this one: no text would ever be found for them.
  for (let count = 0; count < MAX_TAGS && tags.size < wanted.size; count++) {
    const owner = owners[slotOf(String(count))];
    if (owner && !tags.has(owner)) tags.set(owner, String(count));
  }
  return tags;
}
