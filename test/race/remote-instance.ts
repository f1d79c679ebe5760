import { resolve } from 'node:path';
import { Child } from '../support/child.js';
import type { ReadRecord } from './checker.js';
import type { InstanceSpec, Participant } from './instance.js';
import type { Batch } from './recorder.js';
import { nowMs } from './world.js';

/** A participant in a process of its own. */
export class RemoteInstance implements Participant {
  private constructor(private readonly child: Child) {}

  static async open(spec: InstanceSpec): Promise<RemoteInstance> {
    const child = await Child.start(resolve(import.meta.dirname, 'worker.ts'));
    try {
      await assertSameClock(child);
      await child.request('open', spec);
      return new RemoteInstance(child);
    } catch (error) {
      await child.kill();
      throw error;
    }
  }

  start(): Promise<void> {
    return this.child.request('start');
  }
  stop(): Promise<void> {
    return this.child.request('stop');
  }
  take(): Promise<Batch> {
    return this.child.request('take');
  }
  survey(): Promise<ReadRecord[]> {
    return this.child.request('survey');
  }
  async close(): Promise<void> {
    try {
      await this.child.request('close');
    } finally {
      await this.child.kill();
    }
  }
}

/** Times of several processes are compared: their clocks must be one. */
async function assertSameClock(child: Child): Promise<void> {
  const askedAtMs = nowMs();
  const itsMs = await child.request<number>('clock');
  if (itsMs < askedAtMs || itsMs > nowMs()) throw new Error('the clock of another process is not that of this one');
}
