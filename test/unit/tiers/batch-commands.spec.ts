import { expect, it } from '@jest/globals';
import { extendAll, onCluster, onOneServer } from '../../../src/tiers/redis/commands/batch-commands.js';
import { classifyFailure } from '../../../src/tiers/redis/clients/command-failure.js';
import type { RedisClient } from '../../../src/tiers/redis/clients/load-ioredis.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

it('hears of every command of a batch on a cluster, though a later one cannot even be sent', async () => {
  let sent = 0;
  const fail = (): Promise<never> => {
    if (++sent % 2 === 0) throw new Error('cannot be sent');
    return Promise.reject(new Error('lost'));
  };
  const client = { mgetBuffer: fail, unlink: fail, set: fail, pexpire: fail } as unknown as RedisClient;
  const writes = ['a', 'b'].map((key) => ({ key, value: Buffer.from('v'), ttlMs: 1_000 }));
  const unheard = await unhandledDuring(async () => {
    await expect(onCluster.getMany(client, ['a', 'b'])).rejects.toThrow('lost');
    await expect(onCluster.unlink(client, ['a', 'b'])).rejects.toThrow('lost');
    await expect(onCluster.setMany(client, writes)).rejects.toThrow('lost');
    await expect(extendAll(client, ['a', 'b'], 1_000)).rejects.toThrow('lost');
  });
  expect(unheard).toEqual([]);
});

const LOST = new Error('Connection is closed.');
const REFUSED = Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' });

it.each([
  [REFUSED, LOST],
  [LOST, REFUSED],
])('is lost where one of it is, whatever became of the others', async (...errors) => {
  const pipeline = { set: () => pipeline, exec: () => Promise.resolve(errors.map((error) => [error, undefined])) };
  const client = { pipeline: () => pipeline } as unknown as RedisClient;
  const writes = ['a', 'b'].map((key) => ({ key, value: Buffer.from('v'), ttlMs: 1_000 }));
  const failure: unknown = await onOneServer.setMany(client, writes).catch((error: unknown) => error);
  expect(classifyFailure(failure).reason).toBe('connection-lost');
});
