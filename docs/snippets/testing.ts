import assert from 'node:assert';
import { Test, type TestingModule } from '@nestjs/testing';
import { AgentCache, CacheClient, CacheScope } from 'nestjs-agent-cache';
import {
  createTestCache,
  FakeClock,
  FakeRedis,
  storeContract,
  type Store,
  type TestCache,
} from 'nestjs-agent-cache/testing';
import { AppModule } from './quick-start.js';

// #region faults
export async function answersWhileRedisHangs(): Promise<void> {
  const clock = new FakeClock();
  const server = new FakeRedis({ clock });
  const { cache, eventsOf, close } = createTestCache({ server, redis: { timeout: '50ms' } });

  server.hang();
  const answer = cache.getOrLoad('price:1', () => Promise.resolve(9), { ttl: '5m' });
  await clock.advance(100);
  assert.equal(await answer, 9);
  assert.deepEqual(eventsOf('tierFailed'), [{ tier: 'redis', reason: 'timeout' }]);

  server.recover();
  await cache.getOrLoad('price:1', () => Promise.resolve(10), { ttl: '5m' });
  await close();
}
// #endregion faults

// #region processes
export async function hearsOfAnInvalidationElsewhere(): Promise<void> {
  const server = new FakeRedis();
  const [one, other] = [createTestCache({ server }), createTestCache({ server })];
  const price = (test: TestCache, now: number): Promise<number> =>
    test.cache.getOrLoad('price:1', () => Promise.resolve(now), { ttl: '5m', tags: ['prices'] });

  assert.equal(await price(one, 9), 9);
  assert.equal(await price(other, 10), 9);
  await other.cache.invalidate({ tag: 'prices' });
  assert.equal(await price(one, 10), 10);

  one.redis.loseChannel({ unnoticed: true });
  await other.cache.invalidate({ tag: 'prices' });
  // For up to 500 ms, `one` may still serve from its memory what it had.
  await Promise.all([one.close(), other.close()]);
}
// #endregion processes

// #region nest
/** The app as it is, over a Redis whose faults the test switches. */
export function bootOn(test: TestCache): Promise<TestingModule> {
  return Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(AgentCache)
    .useValue(test.cache)
    .overrideProvider(CacheClient)
    .useValue(test.client)
    .overrideProvider(CacheScope)
    .useValue(test.scope)
    .compile();
}
// #endregion nest

// #region contract
/** `it` of jest, vitest or `node:test`. */
export function testStore(it: (name: string, run: () => Promise<void>) => void, create: () => Store): void {
  const open = () => {
    const store = create();
    const elapse = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    return { store, elapse, dispose: () => store.close() };
  };
  for (const { name, run } of storeContract({ open })) it(name, run);
}
// #endregion contract
