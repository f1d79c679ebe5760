import { it } from '@jest/globals';
import { CachedApp } from '../../support/cached-app.js';
import { RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/redis-kit.js';
import { setTimeout as sleep } from 'node:timers/promises';

async function features(app: CachedApp, second: () => Promise<CachedApp>) {
  const failed: string[] = [];
  let maxMs = 0;
  const check = async (name: string, work: () => Promise<boolean>) => {
    const ok = await work().catch((e) => (console.log(name, e), false));
    if (!ok) failed.push(name);
  };
  const { cache, client } = app;
  await check('hits', () => app.untilHits(300).then(() => true, () => false));
  const slow = cache.getOrLoad('slow', async () => { await sleep(700); return 1; }, { tags: ['t'] });
  await check('memory', async () => { try { await until(async () => { const v = await app.cache.getOrLoad('m', async () => ({ a: 1 })); return cache.outcomeOf(v)?.tier === 'memory'; }, 500); return true; } catch { return false; } });
  await check('failed load', async () => {
    const r = await cache.getOrLoad('f', async () => { throw new Error('x'); }).then(() => 'ok', () => 'failed');
    await cache.getOrLoad('f', async () => 2);
    return r === 'failed' && (await cache.getOrLoad('f', async () => 3)) === 2;
  });
  await check('refresh', async () => {
    await cache.getOrLoad('r', async () => 1);
    await cache.getOrLoad('r', async () => { throw new Error('x'); }, { control: { refresh: true } } as any).catch(() => {});
    await sleep(20);
    const kept = await cache.getOrLoad('r', async () => 5);
    await cache.getOrLoad('r', async () => 2, { control: { refresh: true } } as any);
    await sleep(20);
    const v = await cache.getOrLoad('r', async () => 3);
    return kept === 1 && v === 2;
  });
  await check('cache.set', async () => { await cache.set('s', 1); await cache.set('s', 2); return (await cache.get('s')) === 2; });
  await check('client.set', () => client.set('a', 'b'));
  await check('client.get', async () => (await client.get('a')) === 'b');
  await check('client.setMany', () => client.setMany([['x', '1'], ['y', '2']]));
  await check('client.getMany', async () => (await client.getMany(['x', 'y'])).join() === '1,2');
  await check('client.setIfAbsent', () => client.setIfAbsent('abs' , 'b'));
  await check('client.increment', async () => (await client.increment('n')) === 1);
  await check('client.delete', async () => client.delete('a'));
  await check('client.pattern', async () => (await client.invalidatePattern('x*')) === 1);
  await check('health', async () => { const h = await client.healthCheck(); return h.connected && h.memory.usedBytes !== null; });
  await check('invalidate tag', async () => { const { acknowledged } = await cache.invalidate({ tag: 'reports' }); return acknowledged && !(await app.viaCache()).isHit; });
  await check('invalidate key', async () => { const { acknowledged } = await cache.invalidate({ key: 's' }); return acknowledged; });
  await check('invalidate pattern', async () => { const { acknowledged } = await cache.invalidate({ pattern: 'm*' }); return acknowledged; });
  await check('slow', async () => { await slow; return (await cache.getOrLoad('slow', async () => 2)) === 1; });
  const b = await second();
  await check('second', async () => { await b.viaCache('other'); await sleep(20); return (await b.viaCache('other')).isHit; });
  failed.push(...b.logged.filter((l) => /refuses|forbids|tell/.test(l)).map((l) => 'B:' + l.slice(0, 60)));
  await b.close();
  return failed;
}
it('x', async () => {
  const server = await RedisServer.start();
  const base = (process.env.LINE ?? '+mget +get +set +eval +pttl +pexpire +unlink +scan +ping +info +echo +client|id +client|tracking +subscribe +time +getrange +setrange +del +incrby').split(' ');
  const run = async (name: string, rights: string[], extra = ['~P:*', '&__redis__:invalidate']) => {
    await server.command('FLUSHALL');
    await server.command('ACL', 'SETUSER', 'u', 'reset', 'on', '>p', ...extra.map((e) => e.replace('P', 'agent-cache')), '-@all', ...rights);
    const open = () => CachedApp.start({ prefix: 'agent-cache', redis: { url: server.url.replace('//', '//u:p@'), minReplicas: 0 } });
    const app = await open();
    const t = performance.now();
    const failed = await features(app, open);
    console.log(name, Math.round(performance.now() - t), JSON.stringify(failed), JSON.stringify(app.logged.map((l) => l.slice(0, 70))));
    await app.close();
  };
  await server.command('CONFIG', 'RESETSTAT');
  await run('all', base);
  console.log(String(await server.command('INFO', 'commandstats')).split('\n').map((l) => l.split(',')[0]).join(' '));
  console.log(JSON.stringify(await server.command('ACL', 'LOG')));
  for (const r of base) await run('without ' + r, base.filter((b) => b !== r));
  await run('without channel', base, ['~P:*']);
  await run('without keys', base, ['&__redis__:invalidate']);
  await server.stop();
}, 200000);
