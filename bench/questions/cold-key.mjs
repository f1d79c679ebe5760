/** How often is one cold key loaded that 1,000 callers ask for at once, in one process and in four? */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { redisOnly } from '../lib/caches.mjs';
import { countRow } from '../lib/rows.mjs';

const WORKER = fileURLToPath(new URL('../lib/cold-callers.mjs', import.meta.url));
const CALLERS = 1_000;
const PROCESSES = 4;
const PREFIX = 'bench-cold';
const LOADER_MS = 30;

export async function measure({ url, rounds, isQuick }) {
  const keys = Array.from({ length: rounds }, (_, round) => `cold:${round}`);
  const alone = await inOneProcess(url, keys);
  const together = await inProcesses(
    url,
    keys.map((key) => `${key}:shared`),
  );
  const note = isQuick ? '1 round' : `most of ${rounds} rounds`;
  return [countRow('cold key, one process', alone, note), countRow('cold key, four processes', together, note)];
}

async function inOneProcess(url, keys) {
  const cache = await redisOnly(url, PREFIX);
  const loads = [];
  for (const key of keys) loads.push(await loadsOf(cache, key, CALLERS));
  await cache.close();
  return loads;
}

/** How many of `callers` at once ran their loader. */
export async function loadsOf(cache, key, callers) {
  let loads = 0;
  const loader = async () => {
    loads++;
    await sleep(LOADER_MS);
    return { key };
  };
  await Promise.all(Array.from({ length: callers }, () => cache.getOrLoad(key, loader)));
  return loads;
}

async function inProcesses(url, keys) {
  const workers = Array.from({ length: PROCESSES }, () => fork(WORKER, [url, PREFIX, String(CALLERS / PROCESSES)]));
  const kill = () => workers.forEach((worker) => worker.kill('SIGKILL'));
  process.once('exit', kill);
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const loads = [];
    for (const key of keys) {
      const answers = workers.map((worker) => once(worker, 'message'));
      for (const worker of workers) worker.send({ key });
      loads.push((await Promise.all(answers)).reduce((sum, [{ loads: own }]) => sum + own, 0));
    }
    return loads;
  } finally {
    kill();
    process.off('exit', kill);
  }
}
