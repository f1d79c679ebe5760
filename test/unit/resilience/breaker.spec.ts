import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BreakerState, UnavailableReason } from '../../../src/core/ports/store.js';
import { Breaker } from '../../../src/core/resilience/breaker.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

describe('a breaker', () => {
  let clock: FakeClock;
  let breaker: Breaker;
  let changes: [BreakerState, UnavailableReason | null][];

  beforeEach(() => {
    clock = new FakeClock();
    changes = [];
    const tuning = { breakerThreshold: 3, breakerOpenMs: 500 };
    breaker = new Breaker(clock, tuning, (state, reason) => void changes.push([state, reason]));
  });

  const fail = (times: number) => {
    for (let count = 0; count < times; count++) breaker.failed('timeout');
  };

  it('lets everything through while it is closed', () => {
    fail(2);
    expect(breaker.state).toBe('closed');
    expect([breaker.admit(), breaker.admit()]).toEqual([true, true]);
    expect(changes).toEqual([]);
  });

  it('opens after failures in a row, and says why, once', () => {
    fail(3);
    expect(breaker.state).toBe('open');
    expect(breaker.admit()).toBe(false);
    fail(3);
    expect(changes).toEqual([['open', 'timeout']]);
  });

  it('opens at once for a failure in silence', () => {
    breaker.failed('timeout', true);
    expect(changes).toEqual([['open', 'timeout']]);
  });

  it('forgets failures when something is answered in between', () => {
    fail(2);
    breaker.succeeded();
    fail(2);
    expect(breaker.state).toBe('closed');
  });

  it('stays open for its time, failures or not', async () => {
    fail(3);
    await clock.advance(300);
    fail(3);
    await clock.advance(199);
    expect(breaker.admit()).toBe(false);
    await clock.advance(1);
    expect(breaker.admit()).toBe(true);
  });

  describe('half-open', () => {
    beforeEach(async () => {
      fail(3);
      await clock.advance(500);
    });

    it('lets one probe through', () => {
      expect([breaker.admit(), breaker.admit(), breaker.admit()]).toEqual([true, false, false]);
      expect(breaker.state).toBe('half-open');
    });

    it('closes when the probe is answered', () => {
      breaker.admit();
      breaker.succeeded();
      expect(breaker.state).toBe('closed');
      expect([breaker.admit(), breaker.admit()]).toEqual([true, true]);
      expect(changes.map(([state]) => state)).toEqual(['open', 'half-open', 'closed']);
    });

    it('opens again for its whole time when the probe fails', async () => {
      breaker.admit();
      breaker.failed('connection-lost');
      expect(changes.at(-1)).toEqual(['open', 'connection-lost']);
      await clock.advance(499);
      expect(breaker.admit()).toBe(false);
      await clock.advance(1);
      expect(breaker.admit()).toBe(true);
    });

    it('lets another probe through when one was never sent', () => {
      breaker.admit();
      breaker.undecided();
      expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
    });
  });

  describe('after a sign of life', () => {
    it('lets a probe through at once when it was open, but does not close', () => {
      fail(3);
      breaker.revived();
      expect(breaker.state).toBe('half-open');
      expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
    });

    it('still counts the failures of a store that is merely slow', () => {
      fail(1);
      breaker.revived();
      fail(1);
      breaker.revived();
      fail(1);
      expect(breaker.state).toBe('open');
    });

    it('keeps the probe that is under way alone', async () => {
      fail(3);
      await clock.advance(500);
      breaker.admit();
      breaker.revived();
      expect(breaker.admit()).toBe(false);
    });
  });
});
