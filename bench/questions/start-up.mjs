/** How long does a fresh process take to import `nestjs-agent-cache/core`, make a cache and get its first hit? Limit: ioredis. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { redisOnly } from '../lib/caches.mjs';
import { inTurns, median } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';
import { toolResult } from '../lib/values.mjs';
import { CACHES, openPeers, prefixOf } from '../peers/peers.mjs';

const SCRIPT = fileURLToPath(new URL('../lib/first-hit.mjs', import.meta.url));
const PREFIX = 'bench-start-up';

export async function measure({ url, rounds, hasPeers }) {
  const cache = await redisOnly(url, PREFIX);
  await cache.set('start:first', toolResult);
  const names = ['ours', 'limit', ...(hasPeers ? CACHES : [])];
  if (hasPeers) await fillPeers(url);
  const memory = Object.fromEntries(names.map((name) => [name, []]));
  const run = (name) => async () => {
    const prefix = CACHES.includes(name) ? prefixOf(PREFIX, name) : PREFIX;
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, name, url, prefix], { timeout: 30_000 });
    const { ms, grownMb } = JSON.parse(stdout);
    memory[name].push(grownMb);
    return ms;
  };
  const { ours, limit, ...peers } = await inTurns(Object.fromEntries(names.map((name) => [name, run(name)])), rounds);
  await cache.close();
  const note = `+ ${median(memory.ours).toFixed(0)} MB against ${median(memory.limit).toFixed(0)}`;
  return [row('start-up', 'ms', ours, limit, { note, peers })];
}

async function fillPeers(url) {
  for (const peer of Object.values(await openPeers(url, PREFIX, async () => toolResult))) {
    await peer.get('start:first');
    await peer.close();
  }
}
