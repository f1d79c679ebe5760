import { describe, expect, it } from '@jest/globals';
import { within } from '../../../src/core/resilience/within.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** What comes of work that ends at `ms`, under a limit of 100 ms; asked for when all is over. */
async function resultOf(ms: number): Promise<string> {
  const clock = new FakeClock();
  let end: (value: string) => void = () => undefined;
  const result = within(clock, 100, new Promise<string>((resolve) => (end = resolve)), 'too late');
  clock.after(ms, () => end('done'));
  await clock.advance(200);
  return result;
}

describe('within', () => {
  it.each([
    ['before the limit', 99, 'done'],
    ['with it, as answers do that already wait when a busy process comes to them', 100, 'done'],
    ['after it', 101, 'too late'],
  ])('takes work that ends %s', async (_when, ms, expected) => {
    expect(await resultOf(ms)).toBe(expected);
  });

  it('waits for nothing where no time is left', async () => {
    expect(await within(new FakeClock(), 0, new Promise<string>(() => undefined), 'too late')).toBe('too late');
  });
});
