import { describe, expect, it } from '@jest/globals';
import { CallerHits } from '../../../src/nest/http/admin/caller-hits.js';

const MINUTE = 60_000;

describe('CallerHits', () => {
  let now = 0;
  const hitsOf = (max?: number): CallerHits => new CallerHits(() => now, max);
  const isBlocked = async (hits: CallerHits, caller: string, limit = 2): Promise<boolean> =>
    (await hits.increment(caller, MINUTE, limit)).isBlocked;

  it('lets through as many as the limit says within the time, and says when the next one may come', async () => {
    now = 0;
    const hits = hitsOf();
    expect(await hits.increment('a', MINUTE, 2)).toEqual({
      totalHits: 1,
      timeToExpire: 60,
      isBlocked: false,
      timeToBlockExpire: 0,
    });
    now = 20_000;
    expect(await isBlocked(hits, 'a')).toBe(false);
    now = 20_500;
    expect(await hits.increment('a', MINUTE, 2)).toMatchObject({
      totalHits: 3,
      isBlocked: true,
      timeToBlockExpire: 40,
    });
    now = 59_999;
    expect(await hits.increment('a', MINUTE, 2)).toMatchObject({ isBlocked: true, timeToBlockExpire: 1 });
    now = MINUTE;
    expect(await isBlocked(hits, 'a')).toBe(false);
    expect(await isBlocked(hits, 'a')).toBe(true);
    now = 80_000;
    expect(await isBlocked(hits, 'a')).toBe(false);
  });

  it('counts callers apart', async () => {
    now = 0;
    const hits = hitsOf();
    expect([await isBlocked(hits, 'a', 1), await isBlocked(hits, 'a', 1), await isBlocked(hits, 'b', 1)]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('remembers a bounded number of callers, and forgets first who was not heard of for longest', async () => {
    now = 0;
    const hits = hitsOf(3);
    for (const caller of ['a', 'b', 'c', 'a', 'd']) await hits.increment(caller, MINUTE, 1);
    expect((hits as unknown as { hits: Map<string, unknown> }).hits.size).toBe(3);
    expect([await isBlocked(hits, 'a', 1), await isBlocked(hits, 'c', 1), await isBlocked(hits, 'b', 1)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('keeps no more moments of a caller than the limit, however often it comes', async () => {
    now = 0;
    const hits = hitsOf();
    for (let index = 0; index < 1_000; index++) await hits.increment('a', MINUTE, 5);
    expect((hits as unknown as { hits: Map<string, unknown[]> }).hits.get('a')).toHaveLength(5);
  });
});
