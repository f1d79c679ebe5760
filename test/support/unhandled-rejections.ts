import { setTimeout as sleep } from 'node:timers/promises';

/** With what promises were rejected that nobody listens to, while `work` ran and a moment after. */
export async function unhandledDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const remember = (reason: unknown): void => void reasons.push(reason);
  process.on('unhandledRejection', remember);
  await work();
  await sleep(20);
  process.off('unhandledRejection', remember);
  return reasons;
}
