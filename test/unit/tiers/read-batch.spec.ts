import { describe, expect, it } from '@jest/globals';
import type { Reply } from '../../../src/core/ports/reply.js';
import { type ReadAnswers, ReadBatch } from '../../../src/tiers/redis/read-batch.js';

interface Sent {
  readonly keys: readonly string[];
  readonly timed: readonly string[];
}

/** A batch on a store that holds each key under itself. */
function batchOn(fail = false): { batch: ReadBatch; sent: Sent[] } {
  const sent: Sent[] = [];
  const batch = new ReadBatch(async (keys, timed): Promise<Reply<ReadAnswers>> => {
    sent.push({ keys, timed });
    if (fail) return { ok: false, reason: 'timeout' };
    const values = new Map(keys.map((key) => [key, Buffer.from(key)]));
    return { ok: true, value: { values, ttls: new Map(timed.map((key, index) => [key, index + 1])) } };
  });
  return { batch, sent };
}

const found = (reply: Reply<ReadAnswers>, key: string): string | undefined =>
  reply.ok ? reply.value.values.get(key)?.toString() : undefined;

describe('reads of different callers', () => {
  it('of one turn are one command, in which each key stands once', async () => {
    const { batch, sent } = batchOn();
    const replies = await Promise.all([
      batch.ask(['a', 'v'], ['a']),
      batch.ask(['b', 'v'], []),
      Promise.resolve().then(() => batch.ask(['c', 'v'], ['c'])),
    ]);
    expect(sent).toEqual([{ keys: ['a', 'v', 'b', 'c'], timed: ['a', 'c'] }]);
    expect(replies.map((reply, index) => found(reply, 'abc'.charAt(index)))).toEqual(['a', 'b', 'c']);
  });

  it('of different turns are commands of their own', async () => {
    const { batch, sent } = batchOn();
    await batch.ask(['a'], []);
    await batch.ask(['a'], []);
    expect(sent.map(({ keys }) => keys)).toEqual([['a'], ['a']]);
  });

  it('of many keys are several commands, and what is asked for together stays together', async () => {
    const { batch, sent } = batchOn();
    const large = Array.from({ length: 40 }, (_, index) => `large:${index}`);
    const small = Array.from({ length: 20 }, (_, index) => `small:${index}`);
    const replies = await Promise.all([batch.ask(small, []), batch.ask(large, []), batch.ask(small.slice(0, 5), [])]);
    expect(sent.map(({ keys }) => keys)).toEqual([small, large, small.slice(0, 5)]);
    expect(replies.map((reply) => reply.ok)).toEqual([true, true, true]);
  });

  it('fail together', async () => {
    const { batch } = batchOn(true);
    const replies = await Promise.all([batch.ask(['a'], []), batch.ask(['b'], [])]);
    expect(replies).toEqual([
      { ok: false, reason: 'timeout' },
      { ok: false, reason: 'timeout' },
    ]);
  });
});
