import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { groupBySlot, slotOf } from '../../../src/tiers/redis/cluster/slots.js';
import { RedisServer } from '../../support/redis-server.js';

describe('hash slots', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start({ args: ['--cluster-enabled', 'yes'] });
  });
  afterAll(() => server.stop());

  it('are those of Redis', async () => {
    const key = fc.string({ unit: fc.constantFrom('{', '}', 'a', 'b', 'ü', '😀', ':'), minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(key, async (text) => {
        expect(slotOf(text)).toBe(await server.command('CLUSTER', 'KEYSLOT', text));
        expect(slotOf(Buffer.from(text))).toBe(slotOf(text));
      }),
      { numRuns: 500 },
    );
  });

  it('group the places of keys that one command may hold', () => {
    expect(groupBySlot(['{a}1', 'b', '{a}2', '{a}1'])).toEqual([[0, 2, 3], [1]]);
  });
});
