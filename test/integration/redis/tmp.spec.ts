import { it } from '@jest/globals';
import { openRedis } from '../../support/redis-kit.js';
it('x', async () => {
  const { store, events } = await openRedis({ mode: 'cluster', nodes: ['127.0.0.1:21991'] }, { timeoutMs: 1000 });
  const c = (store as any).redis.connections.supervisors[0].client;
  for (const e of ['ready','end','close','connect','connecting','error','node error']) c.on(e, (x: unknown) => process.stderr.write(`${e} ${String(x)}\n`));
  c.on('+node', (n: any) => { for (const e of ['ready','end','close','connect','error']) n.on(e, (x: unknown) => process.stderr.write(`${n.options.port} ${e} ${String(x)} ${new Error().stack}\n`)); });
  process.stderr.write(String(await store.ready(3000)) + c.status + JSON.stringify(events.all) + '\n');
  await store.close();
}, 10000);
