import { describe, expect, it } from '@jest/globals';
import type { RedisClient } from '../../../src/tiers/redis/clients/load-ioredis.js';
import { WriteBatch } from '../../../src/tiers/redis/connections/write-batch.js';

function createClient() {
  const calls: string[] = [];
  const stream = { cork: () => calls.push('cork'), uncork: () => calls.push('uncork') };
  return { calls, client: { isCluster: false, status: 'ready', stream } as unknown as RedisClient };
}

describe('commands of one turn', () => {
  it('leave together', async () => {
    const { calls, client } = createClient();
    const batch = new WriteBatch();
    for (let command = 0; command < 3; command++) {
      batch.beforeCommand(client);
      calls.push('write');
    }
    await Promise.resolve();
    expect(calls).toEqual(['cork', 'write', 'write', 'write', 'uncork']);
  });

  it('leave as soon as what runs now has ended', async () => {
    const { calls, client } = createClient();
    new WriteBatch().beforeCommand(client);
    expect(calls).toEqual(['cork']);
    await Promise.resolve();
    expect(calls).toEqual(['cork', 'uncork']);
  });

  it('do not hold back those of the next', async () => {
    const { calls, client } = createClient();
    const batch = new WriteBatch();
    batch.beforeCommand(client);
    await Promise.resolve();
    batch.beforeCommand(client);
    await Promise.resolve();
    expect(calls).toEqual(['cork', 'uncork', 'cork', 'uncork']);
  });
});
