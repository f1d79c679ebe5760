import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CacheClient } from '../../../src/core/cache-client.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';
import { boot, closeAll } from './boot.js';

const SECRET = 'hunter2-correct-horse';
const TOKEN = 'ghp_aB3dE5gH7jaB3dE5gH7jaB3dE5gH7jaB3dE5';

@Injectable()
class Accounts {
  runs = 0;
  @Cacheable()
  async login(credentials: { user: string; password?: string; note?: string }): Promise<object> {
    this.runs++;
    return { user: credentials.user };
  }
  @Cacheable()
  async settings(user: string): Promise<object> {
    this.runs++;
    return user === 'plain' ? { user, theme: 'dark' } : { user, deployment: { key: TOKEN } };
  }
  @CacheReadOnlyTool()
  async execute(call: { tool: string; params: { text: string } }): Promise<object> {
    this.runs++;
    return { found: call.params.text.length };
  }
}

describe('a credential', () => {
  let redis: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    redis = await RedisServer.start();
    client = new Redis(redis.url);
  });
  afterEach(closeAll);
  afterAll(async () => {
    client.disconnect();
    await redis.stop();
  });

  /** All that Redis holds, keys and values. */
  async function stored(): Promise<string> {
    const keys = await client.keys('*');
    const values = await Promise.all(keys.map(async (key) => (await client.getBuffer(key))?.toString('latin1')));
    return [...keys, ...values].join('\n');
  }

  it('among parameters or in a result never reaches Redis; the same calls without one do', async () => {
    const tools = { find: { permissionTier: 'READ_ONLY' } } as const;
    const { app } = await boot({ providers: [Accounts] }, { redis: { url: redis.url, timeout: '2s' }, tools });
    const accounts = app.get(Accounts);
    await until(async () => (await app.get(CacheClient).healthCheck()).connected);
    const suspicious: (() => Promise<unknown>)[] = [
      () => accounts.login({ user: 'a', password: SECRET }),
      () => accounts.settings('hidden'),
      () => accounts.execute({ tool: 'find', params: { text: `Authorization: Bearer ${TOKEN}` } }),
    ];
    const plain: (() => Promise<unknown>)[] = [
      () => accounts.login({ user: 'a', note: 'nothing' }),
      () => accounts.settings('plain'),
      () => accounts.execute({ tool: 'find', params: { text: 'nothing' } }),
    ];
    for (const call of [...suspicious, ...plain]) expect(await call()).toEqual(await call());
    expect(accounts.runs).toBe(2 * suspicious.length + plain.length);
    const all = await stored();
    for (const part of [SECRET, TOKEN, 'deployment']) expect(all).not.toContain(part);
    expect(all).toContain('"theme":"dark"');
  });
});
