import { describe, expect, it, jest } from '@jest/globals';
import type { CachePolicy } from '../../../src/core/policy/cache-policy.js';
import type { Cost, CostOf } from '../../../src/core/policy/cost.js';
import { connectLog } from '../../../src/observability/cache-log.js';
import { createCacheKit } from '../../support/cache-kit.js';

interface Answer {
  readonly text: string;
  readonly tokens: number;
}

const answer: Answer = { text: 'a', tokens: 40 };
const hitsOf = (kit: ReturnType<typeof createCacheKit>): unknown[] =>
  kit.events.filter(({ name }) => name === 'hit').map(({ event }) => event);

describe('what hits save', () => {
  it('is the time of the load, by category, and by the tool that the policy names', async () => {
    const kit = createCacheKit();
    const slow = async (): Promise<Answer> => {
      await new Promise<void>((resolve) => void kit.clock.after(25, resolve));
      return answer;
    };
    const policy: CachePolicy<Answer> = { tool: 'search' };
    const loading = kit.cache.getOrLoad('tool:1', slow, policy);
    await kit.clock.advance(25);
    await loading;
    for (let hit = 0; hit < 3; hit++) await kit.cache.getOrLoad('tool:1', slow, policy);
    await kit.cache.getOrLoad('tool:1', slow);
    expect(kit.composed.metrics.summary().savings).toEqual({
      ms: 100,
      tokens: 0,
      usd: 0,
      categories: { tool: { ms: 100, tokens: 0, usd: 0 } },
      tools: { search: { ms: 75, tokens: 0, usd: 0 } },
    });
    expect(hitsOf(kit).map((hit) => (hit as { tool?: string }).tool)).toEqual([
      'search',
      'search',
      'search',
      undefined,
    ]);
  });

  it.each<[string, CostOf<Answer>, Cost]>([
    ['a cost that is the same for all', { tokens: 12, usd: 0.001 }, { tokens: 12, usd: 0.001 }],
    ['half of a cost', { usd: 0.001 }, { tokens: 0, usd: 0.001 }],
    ['a cost that is read off the result', ({ tokens }) => ({ tokens, usd: tokens / 8 }), { tokens: 40, usd: 5 }],
  ])('is %s', async (_what, cost, saved) => {
    const kit = createCacheKit();
    await kit.cache.getOrLoad('chat:1', async () => answer, { cost });
    expect(kit.composed.metrics.summary().savings.categories).toEqual({});
    await kit.cache.getOrLoad('chat:1', async () => answer, { cost });
    await kit.cache.get('chat:1', { cost });
    await kit.cache.getMany(['chat:1', 'chat:2'], { cost });
    const { tokens, usd } = kit.composed.metrics.summary().savings;
    expect([tokens, usd]).toEqual([3 * (saved.tokens ?? 0), expect.closeTo(3 * (saved.usd ?? 0), 9)]);
    expect(hitsOf(kit)[0]).toMatchObject(saved);
  });

  it('is asked on hits alone, with the caller’s own copy', async () => {
    const kit = createCacheKit();
    const seen: unknown[] = [];
    const cost = jest.fn((result: Answer) => {
      seen.push(result);
      return {};
    });
    const loaded = await kit.cache.getOrLoad('chat:1', async () => answer, { cost });
    expect(cost).not.toHaveBeenCalled();
    const hit = await kit.cache.getOrLoad('chat:1', async () => answer, { cost });
    expect(seen).toEqual([hit]);
    expect(seen[0]).toBe(hit);
    expect(hit).not.toBe(loaded);
    await kit.cache.getOrLoad('chat:1', async () => answer, { cost, control: { refresh: true } });
    expect(cost).toHaveBeenCalledTimes(1);
  });

  it('counts no stale answer, which saves no load', async () => {
    const kit = createCacheKit();
    const policy: CachePolicy<Answer> = { ttl: '1s', grace: '1h', cost: { tokens: 1 }, tool: 'search' };
    await kit.cache.getOrLoad('chat:1', async () => answer, policy);
    await kit.clock.advance(2_000);
    await kit.cache.getOrLoad('chat:1', () => Promise.reject(new Error('away')), policy);
    expect(kit.names()).toContain('stale');
    expect(kit.composed.metrics.summary().savings).toMatchObject({ tokens: 0, tools: {} });
  });

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['answers a promise', () => Promise.reject(new Error('secret'))],
    ['answers nothing', () => undefined],
    ['answers a number', () => 5],
    ['answers NaN', () => ({ tokens: NaN })],
    ['answers less than nothing', () => ({ usd: -1 })],
    ['answers without end', () => ({ usd: Infinity })],
    ['answers a text', () => ({ tokens: '5' })],
    ['is nonsense itself', 'nonsense'],
  ])('is nothing but time where the cost %s, and the log says so once', async (_what, cost) => {
    const kit = createCacheKit();
    const lines: string[] = [];
    connectLog(kit.composed.events, { log: () => undefined, warn: (message) => void lines.push(message) });
    const policy = { cost, tool: 'search' } as CachePolicy<Answer>;
    for (let call = 0; call < 4; call++) {
      expect(await kit.cache.getOrLoad('chat:1', async () => answer, policy)).toEqual(answer);
    }
    expect(kit.composed.metrics.summary()).toMatchObject({ hits: 3, savings: { tokens: 0, usd: 0 } });
    expect(kit.names().filter((name) => name === 'costUnknown')).toHaveLength(3);
    expect(lines).toEqual([expect.stringMatching(/^The cost of 'chat' could not be told/)]);
    expect(lines[0]).not.toContain('secret');
  });
});
