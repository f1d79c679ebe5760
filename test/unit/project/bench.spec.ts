import { describe, expect, it } from '@jest/globals';

interface Measured {
  readonly unit: string;
  readonly ours: number;
  readonly limit: number | null;
  readonly ratio: number | null;
}
interface Goal {
  readonly ratio?: number;
  readonly value?: number;
  readonly plus?: number;
}

/** The bench is plain JavaScript without types. */
const load = async (name: string) => (await import(`../../../bench/lib/${name}.mjs`)) as Record<string, never>;
const { row, countRow, verdictOf, worseOf, REACHED, BELOW, UNRIVALLED, WORSE } = (await load('rows')) as unknown as {
  row(name: string, unit: string, ours: number[], limit: number[] | null): Measured & { verdict: string };
  countRow(name: string, counts: number[]): Measured & { verdict: string };
  verdictOf(measured: Measured, target: Goal | null, peer: Goal | null): string;
  worseOf(rows: { verdict: string }[], effort: { isQuick: boolean }): object[];
  REACHED: string;
  BELOW: string;
  UNRIVALLED: string;
  WORSE: string;
};
const { median, inTurns } = (await load('rounds')) as unknown as {
  median(values: number[]): number;
  inTurns(rivals: Record<string, () => Promise<string>>, rounds: number): Promise<Record<string, string[]>>;
};

const rate = (ratio: number): Measured => ({ unit: '/s', ours: ratio * 100, limit: 100, ratio });
const time = (ratio: number): Measured => ({ unit: 'ms', ours: ratio * 10, limit: 10, ratio });
const count = (ours: number): Measured => ({ unit: '', ours, limit: null, ratio: null });

describe('a verdict of the bench', () => {
  it.each([
    [rate(1), REACHED],
    [rate(0.9), BELOW],
    [rate(0.5), BELOW],
    [rate(0.4), WORSE],
  ])('wants a rate to be high (%j)', (measured, verdict) => {
    expect(verdictOf(measured, { ratio: 1 }, { ratio: 0.5 })).toBe(verdict);
  });

  it.each([
    [time(1.15), REACHED],
    [time(1.5), BELOW],
    [time(2.5), WORSE],
  ])('wants a time to be short (%j)', (measured, verdict) => {
    expect(verdictOf(measured, { ratio: 1.15 }, { ratio: 2 })).toBe(verdict);
  });

  it('forgives noise where times are compared with the peer, never with the target, and never of a count', () => {
    expect(verdictOf(time(2.05), { ratio: 1 }, { ratio: 2 })).toBe(BELOW);
    expect(verdictOf(time(1.01), { ratio: 1 }, { ratio: 2 })).toBe(BELOW);
    expect(verdictOf(count(102), { value: 1 }, { value: 100 })).toBe(WORSE);
  });

  it('measures a promised time by itself, and an allowance above the limit', () => {
    expect(verdictOf({ ...time(90), ours: 104 }, { value: 105 }, { value: 101 })).toBe(REACHED);
    expect(verdictOf({ ...time(1), ours: 10.1 }, { plus: 0.1 }, { ratio: 1 })).toBe(REACHED);
    expect(verdictOf({ ...time(1.02), ours: 10.2 }, { plus: 0.1 }, { ratio: 2 })).toBe(BELOW);
  });

  it('says so where no peer was measured, and nothing where there is no target', () => {
    expect(verdictOf(time(2), { ratio: 1 }, null)).toBe(UNRIVALLED);
    expect(verdictOf(time(2), null, null)).toBe('');
  });
});

describe('the end of the bench', () => {
  const rows = [REACHED, WORSE, BELOW, UNRIVALLED, ''].map((verdict) => ({ verdict }));

  it('is bad where a row is worse than the best peer', () => {
    expect(worseOf(rows, { isQuick: false })).toEqual([{ verdict: WORSE }]);
  });

  it('is never bad for what was measured quickly', () => {
    expect(worseOf(rows, { isQuick: true })).toEqual([]);
  });
});

describe('a row of the bench', () => {
  it('compares each round with itself: a slow moment that both had is no difference', () => {
    const measured = row('embedding', '/s', [10, 20, 60], [10, 40, 40]);
    expect(measured).toMatchObject({ ours: 20, limit: 40, ratio: 1, verdict: REACHED });
  });

  it('takes the worst of what is counted', () => {
    expect(countRow('cold key, four processes', [1, 3, 1])).toMatchObject({ ours: 3, ratio: null, verdict: BELOW });
  });
});

describe('the rounds of the bench', () => {
  it('let rivals take turns, another one first each time', async () => {
    const order: string[] = [];
    const rival = (name: string) => async () => {
      order.push(name);
      return name;
    };
    const results = await inTurns({ a: rival('a'), b: rival('b') }, 3);
    expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
    expect(results).toEqual({ a: ['a', 'a', 'a'], b: ['b', 'b', 'b'] });
  });

  it('have a number in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([Infinity, 1, Infinity])]).toEqual([2, 2.5, Infinity]);
  });
});
