import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../race/world.js';
import { serve } from '../support/child-side.js';
import { RunQueue } from '../support/run-queue.js';

/** A bare command. Milliseconds of the clock that all processes share. */
export interface BareRecord {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly queuedMs: number;
}

const EVERY_MS = 5;

/** Sends one bare command after another, through the proxies as the workers do, in a process that does nothing else. */
class Witness {
  private readonly queue = new RunQueue();
  private readonly redis: Redis;
  private records: BareRecord[] = [];

  constructor(port: number) {
    this.redis = new Redis(port, '127.0.0.1', { enableOfflineQueue: false, commandTimeout: 1_000 });
    this.redis.on('error', () => undefined);
    void this.run();
  }

  watch(processIds: readonly number[]): void {
    this.queue.watch([process.pid, ...processIds]);
  }

  take(): BareRecord[] {
    const { records } = this;
    this.records = [];
    return records;
  }

  private async run(): Promise<never> {
    for (;;) {
      await sleep(EVERY_MS);
      const [startedAtMs, queuedMs] = [nowMs(), this.queue.waitedMs()];
      const isAnswered = await this.redis.get('witness').then(
        () => true,
        () => false,
      );
      const record = { startedAtMs, endedAtMs: nowMs(), queuedMs: this.queue.waitedMs() - queuedMs };
      if (isAnswered) this.records.push(record);
    }
  }
}

const held: { witness?: Witness } = {};

serve({
  open: (port: number) => void (held.witness = new Witness(port)),
  watch: (processIds: readonly number[]) => held.witness?.watch(processIds),
  take: () => held.witness?.take(),
});
