import { it } from '@jest/globals';
import { RedisCluster } from '../support/redis-cluster.js';
import { openRedis, timed } from '../support/redis-kit.js';
import { setTimeout as sleep } from 'node:timers/promises';
it('x', async () => {
  const log = (what: string) => process.stderr.write(`${what} ${process.getActiveResourcesInfo().join(' ')}\n`);
  log('begin');
  const cluster = await RedisCluster.start(3);
  log('cluster');
  const opened = await openRedis({ mode: 'cluster', nodes: cluster.nodes });
  await opened.store.ready(5000);
  log('open');
  if (process.env.MODE === 'kill') { await cluster.masters[1]!.kill(); }
  if (process.env.MODE === 'pause') { cluster.masters[1]!.pause(); }
  await sleep(1500);
  await opened.client.close();
  log('closed');
  for (let i = 0; i < 10; i++) { await sleep(300); log('later'); }
  await cluster.stop();
  log('stopped');
}, 30000);
