import { setTimeout as sleep } from 'node:timers/promises';
import { slotOf } from '../../src/tiers/redis/cluster/slots.js';
import { RedisServer } from './redis-server.js';

const SLOTS = 16_384;
const FORM_TIMEOUT_MS = 15_000;
const FAILOVER_TIMEOUT_MS = 10_000;

/** What makes a server a node of a cluster. */
export const CLUSTER_ARGS = [
  '--cluster-enabled',
  'yes',
  '--cluster-node-timeout',
  '2000',
  '--cluster-require-full-coverage',
  'no',
];

/** What lets a replica take over a second or two after its master is lost, whatever it has missed, and join at once. */
const FAILOVER_ARGS = [
  ...['--cluster-node-timeout', '600'],
  ...['--cluster-replica-validity-factor', '0'],
  ...['--cluster-allow-replica-migration', 'no'],
  ...['--repl-diskless-sync-delay', '0'],
  ...['--repl-ping-replica-period', '1'],
];

export interface RedisClusterOptions {
  /** Each master has one, on a server of its own. */
  readonly withReplicas?: boolean;
}

/** Real masters on 127.0.0.1 that form one cluster and share the slots evenly. */
export class RedisCluster {
  private constructor(
    /** Those that were masters at the start, in the order of their slots. */
    readonly masters: readonly RedisServer[],
    /** Those that were their replicas, in the same order. */
    readonly replicas: readonly RedisServer[],
  ) {}

  /** Resolves when all nodes say that the cluster works, and replicas have all that their masters have. */
  static async start(count = 3, { withReplicas = false }: RedisClusterOptions = {}): Promise<RedisCluster> {
    const args = withReplicas ? [...CLUSTER_ARGS, ...FAILOVER_ARGS] : CLUSTER_ARGS;
    const startNodes = (): Promise<RedisServer[]> =>
      Promise.all(Array.from({ length: count }, () => RedisServer.start({ args })));
    const [masters, replicas] = await Promise.all([startNodes(), withReplicas ? startNodes() : []]);
    const cluster = new RedisCluster(masters, replicas);
    const share = Math.ceil(SLOTS / count);
    await Promise.all(
      masters.map(async (master, index) => {
        const last = Math.min((index + 1) * share, SLOTS) - 1;
        await master.command('CLUSTER', 'ADDSLOTSRANGE', index * share, last);
        await master.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      }),
    );
    for (const node of cluster.all.slice(1)) await masters[0]?.command('CLUSTER', 'MEET', '127.0.0.1', node.port);
    await cluster.untilItWorks();
    for (const [index, replica] of replicas.entries()) {
      await replica.command('CLUSTER', 'REPLICATE', await idOf(masters[index] as RedisServer));
    }
    await cluster.untilReplicated();
    return cluster;
  }

  /** Every server, whatever it is at the moment. */
  get all(): readonly RedisServer[] {
    return [...this.masters, ...this.replicas];
  }

  /** `host:port` of each master. */
  get nodes(): string[] {
    return this.masters.map(({ port }) => `127.0.0.1:${port}`);
  }

  async flush(): Promise<void> {
    await Promise.all((await this.owners()).map((master) => master.command('FLUSHALL')));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((node) => node.stop()));
  }

  /** Resolves when all nodes say that the cluster works, e.g. after a restart. */
  async untilItWorks(): Promise<void> {
    const isWhole = (info: unknown) =>
      String(info).includes('cluster_state:ok') && String(info).includes(`cluster_size:${this.masters.length}`);
    await poll('the cluster did not form', FORM_TIMEOUT_MS, async () =>
      (await Promise.all(this.all.map((node) => node.command('CLUSTER', 'INFO')))).every(isWhole),
    );
  }

  /** Resolves when all nodes say that the cluster works, and every master has a replica that keeps up with it. */
  async untilReplicated(): Promise<void> {
    await this.untilItWorks();
    if (this.replicas.length === 0) return;
    await poll('replicas did not catch up', FORM_TIMEOUT_MS, async () => {
      const infos = await Promise.all(this.all.map((node) => node.command('INFO', 'replication')));
      const [masters, replicas] = [/role:master/, /role:slave/].map((role) =>
        infos.filter((i) => role.test(String(i))),
      );
      const isFollowed = (info: unknown) => /slave0:.*state=online/.test(String(info));
      const isFollowing = (info: unknown) => /master_link_status:up/.test(String(info));
      return (
        Boolean(masters?.every(isFollowed) && replicas?.every(isFollowing)) && masters?.length === replicas?.length
      );
    });
  }

  /** The masters that own slots, as one says that runs. */
  async owners(): Promise<RedisServer[]> {
    const ports = new Set((await this.ranges()).map(({ port }) => port));
    return this.all.filter(({ port }) => ports.has(port));
  }

  /** Who owns the slot of the key, as one of `witnesses` says; default: of all that run. */
  async ownerOf(key: string, witnesses = this.all): Promise<RedisServer> {
    const slot = slotOf(key);
    const range = (await this.ranges(witnesses)).find(({ from, to }) => from <= slot && slot <= to);
    return this.all.find(({ port }) => port === range?.port) as RedisServer;
  }

  /** The replica of a server that is a master. */
  async replicaOf(master: RedisServer): Promise<RedisServer> {
    const info = String(await master.command('INFO', 'replication'));
    const port = Number(/slave0:.*port=(\d+)/.exec(info)?.[1]);
    return this.all.find((node) => node.port === port) as RedisServer;
  }

  /** Resolves when every other node that runs knows that the slots of `lost` have gone to another, with that one. */
  async untilFailedOver(lost: RedisServer, key: string): Promise<RedisServer> {
    const others = this.all.filter((node) => node !== lost && node.pid !== undefined);
    let owners: RedisServer[] = [];
    await poll('nobody took over', FAILOVER_TIMEOUT_MS, async () => {
      owners = await Promise.all(others.map((node) => this.ownerOf(key, [node])));
      return owners.every((owner) => owner !== lost && owner === owners[0]);
    });
    return owners[0] as RedisServer;
  }

  /** Moves the slot and all that is in it, one key after another; `between` runs when `keys` have gone, the rest has not. */
  async migrate(
    slot: number,
    { from, to }: { readonly from: RedisServer; readonly to: RedisServer },
    { keys = [], between }: { readonly keys?: readonly string[]; readonly between?: () => Promise<void> } = {},
  ): Promise<void> {
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
    for (const key of keys) await from.command('MIGRATE', '127.0.0.1', to.port, key, 0, 1_000);
    await between?.();
    // More may come meanwhile, such as canaries; what is new goes to the new owner already.
    await poll('the slot did not become empty', FORM_TIMEOUT_MS, async () => {
      const rest = [(await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as unknown].flat() as Buffer[];
      for (const key of rest) await from.command('MIGRATE', '127.0.0.1', to.port, key, 0, 1_000);
      return rest.length === 0;
    });
    const owner = await idOf(to);
    for (const node of [to, from]) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', owner);
  }

  private async ranges(witnesses = this.all): Promise<{ from: number; to: number; port: number }[]> {
    for (const node of witnesses) {
      if (node.pid === undefined) continue;
      const slots = (await node.command('CLUSTER', 'SLOTS').catch(() => [])) as [number, number, [unknown, number]][];
      if (slots.length > 0) return slots.map(([from, to, [, port]]) => ({ from, to, port }));
    }
    return [];
  }
}

const idOf = async (node: RedisServer): Promise<string> => String(await node.command('CLUSTER', 'MYID'));

async function poll(complaint: string, withinMs: number, condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`${complaint} within ${withinMs} ms`);
    await sleep(20);
  }
}
