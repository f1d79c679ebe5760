import { RedisServer } from './redis-server.js';
import { setTimeout as sleep } from 'node:timers/promises';

const SLOTS = 16_384;
const FORM_TIMEOUT_MS = 15_000;

/** What makes a server a node of a cluster. */
export const CLUSTER_ARGS = [
  '--cluster-enabled',
  'yes',
  '--cluster-node-timeout',
  '2000',
  '--cluster-require-full-coverage',
  'no',
];

/** Real masters on 127.0.0.1 that form one cluster and share the slots evenly. No replicas. */
export class RedisCluster {
  private constructor(readonly masters: readonly RedisServer[]) {}

  /** Resolves when all nodes say that the cluster works. */
  static async start(count = 3): Promise<RedisCluster> {
    const masters = await Promise.all(Array.from({ length: count }, () => RedisServer.start({ args: CLUSTER_ARGS })));
    const cluster = new RedisCluster(masters);
    const share = Math.ceil(SLOTS / count);
    await Promise.all(
      masters.map(async (master, index) => {
        const last = Math.min((index + 1) * share, SLOTS) - 1;
        await master.command('CLUSTER', 'ADDSLOTSRANGE', index * share, last);
        await master.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      }),
    );
    for (const master of masters.slice(1)) await masters[0]?.command('CLUSTER', 'MEET', '127.0.0.1', master.port);
    await cluster.untilItWorks();
    return cluster;
  }

  /** `host:port` of each master. */
  get nodes(): string[] {
    return this.masters.map(({ port }) => `127.0.0.1:${port}`);
  }

  async flush(): Promise<void> {
    await Promise.all(this.masters.map((master) => master.command('FLUSHALL')));
  }

  async stop(): Promise<void> {
    await Promise.all(this.masters.map((master) => master.stop()));
  }

  /** Resolves when all nodes say that the cluster works, e.g. after a restart. */
  async untilItWorks(): Promise<void> {
    const endMs = performance.now() + FORM_TIMEOUT_MS;
    for (;;) {
      const infos = await Promise.all(this.masters.map((master) => master.command('CLUSTER', 'INFO')));
      const isWhole = (info: unknown) =>
        String(info).includes('cluster_state:ok') && String(info).includes(`cluster_size:${this.masters.length}`);
      if (infos.every(isWhole)) return;
      if (performance.now() > endMs) throw new Error(`the cluster did not form: ${String(infos[0])}`);
      await sleep(50);
    }
  }
}
