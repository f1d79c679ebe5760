import type { Cluster, Redis } from 'ioredis';
import type { Clock, Timer } from '../../../core/ports/clock.js';

const REFRESH_EVERY_MS = 1_000;
const REFRESH_AT_MOST_EVERY_MS = 100;

/**
 * Keeps the connections to the masters of one cluster up and the map of slots fresh. The library would do both, but it
 * connects with the first command for a node and turns away all that come meanwhile, and its timer for the map may go on
 * for ever when the cluster is closed during a refresh.
 */
export class ClusterWatch {
  private timer: Timer | null = null;
  private refreshedAtMs = -Infinity;

  /** `onError` is told the errors of every node. */
  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    onError: (node: Redis, error: Error) => void,
  ) {
    cluster.on('+node', (node: Redis) => {
      node.on('error', (error: Error) => onError(node, error));
      // Not before: the cluster asks a node whether all is well, and takes one that is just connecting for broken.
      if (cluster.status === 'ready') process.nextTick(() => connectNow(node));
    });
  }

  /** Begins to watch a cluster that is ready. Resolves when every master is connected or has failed. */
  async start(): Promise<void> {
    this.schedule();
    const masters = this.cluster.nodes('master');
    for (const master of masters) connectNow(master);
    await Promise.all(masters.map(untilSettled));
  }

  /** A command was turned away, because a node is missing: the map is read again soon. */
  hurry(): void {
    if (this.timer && this.clock.monotonicNow() - this.refreshedAtMs >= REFRESH_AT_MOST_EVERY_MS) this.refresh();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private refresh(): void {
    this.refreshedAtMs = this.clock.monotonicNow();
    this.cluster.refreshSlotsCache();
    this.schedule();
  }

  private schedule(): void {
    this.timer?.cancel();
    this.timer = this.clock.after(REFRESH_EVERY_MS, () => this.refresh());
  }
}

function connectNow(node: Redis): void {
  if (node.status === 'wait' && node.options.readOnly !== true) node.connect().catch(() => {});
}

async function untilSettled(node: Redis): Promise<void> {
  if (node.status === 'ready' || node.status === 'end') return;
  await new Promise<void>((resolve) => {
    node.once('ready', resolve);
    node.once('end', resolve);
  });
}
