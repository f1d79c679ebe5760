import { describe, expect, it } from '@jest/globals';
import { AgentCache } from 'nestjs-agent-cache';
import { createTestCache, FakeClock, FakeRedis } from 'nestjs-agent-cache/testing';
import { ContextBuilder } from '../../../docs/snippets/quick-start.js';
import {
  answersWhileRedisHangs,
  bootOn,
  hearsOfAnInvalidationElsewhere,
  testStore,
} from '../../../docs/snippets/testing.js';

describe('what the page on testing shows', () => {
  it('works with faults', () => answersWhileRedisHangs());

  it('works with several processes', () => hearsOfAnInvalidationElsewhere());

  it('works in a Nest app, whose decorated methods use the cache of the test', async () => {
    const server = new FakeRedis({ clock: new FakeClock() });
    const test = createTestCache({ server });
    const app = await bootOn(test);
    await app.init();
    const contexts = app.get(ContextBuilder);
    await contexts.append({ taskId: 't', text: 'hello' });
    await contexts.build({ taskId: 't', turn: 1 });
    const again = await contexts.build({ taskId: 't', turn: 1 });
    expect(app.get(AgentCache).outcomeOf(again)?.status).toBe('hit');
    expect(test.eventsOf('hit')).toHaveLength(1);
    server.refuse();
    test.redis.loseChannel();
    expect(await contexts.build({ taskId: 't', turn: 2 })).toEqual({ messages: ['hello'] });
    await app.close();
    await test.close();
  });

  it('works as a contract', () => {
    const names: string[] = [];
    testStore(
      (name) => void names.push(name),
      () => new FakeRedis().connect(),
    );
    expect(names.length).toBeGreaterThan(30);
  });
});
