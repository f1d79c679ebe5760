import { beforeEach, describe, expect, it } from '@jest/globals';
import { DeadlineQueue } from '../../../src/core/resilience/deadline-queue.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

describe('a deadline queue', () => {
  let clock: FakeClock;
  let queue: DeadlineQueue;
  let expired: string[];

  beforeEach(() => {
    clock = new FakeClock();
    queue = new DeadlineQueue(clock, 100);
    expired = [];
  });

  const add = (name: string) => queue.add({ expire: () => void expired.push(name) });

  it('expires everybody after the same time, in order', async () => {
    add('a');
    await clock.advance(40);
    add('b');
    await clock.advance(59);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual(['a']);
    await clock.advance(40);
    expect(expired).toEqual(['a', 'b']);
    expect(queue.isEmpty).toBe(true);
  });

  it('leaves out who has cancelled, at the beginning, in between and at the end', async () => {
    const [a, , c, , e] = ['a', 'b', 'c', 'd', 'e'].map(add);
    for (const deadline of [a, c, e, c]) deadline?.cancel();
    await clock.advance(100);
    expect(expired).toEqual(['b', 'd']);
  });

  it('has one timer, however many wait', () => {
    for (let count = 0; count < 1_000; count++) add(`${count}`);
    expect(clock.pendingTimerCount).toBe(1);
  });

  it('keeps nobody who has cancelled', () => {
    for (let count = 0; count < 1_000; count++) add(`${count}`).cancel();
    expect(queue.isEmpty).toBe(true);
  });

  it('has no timer once everybody is gone', async () => {
    add('a').cancel();
    await clock.advance(100);
    expect(clock.pendingTimerCount).toBe(0);
  });

  it('lets those stay who come while others expire', async () => {
    queue.add({ expire: () => void add('late') });
    await clock.advance(100);
    expect(expired).toEqual([]);
    await clock.advance(100);
    expect(expired).toEqual(['late']);
  });

  describe('after the deadline', () => {
    let nowMs: number;
    let turns: (() => void)[];
    let timers: { ms: number; callback: () => void }[];

    beforeEach(() => {
      nowMs = 0;
      turns = [];
      timers = [];
      queue = new DeadlineQueue(
        {
          now: () => nowMs,
          monotonicNow: () => nowMs,
          after: (ms, callback) => {
            timers.push({ ms, callback });
            return { cancel: () => {} };
          },
          nextTurn: (callback) => void turns.push(callback),
        },
        100,
      );
    });

    const fireTimer = (atMs: number) => {
      nowMs = atMs;
      timers.shift()?.callback();
    };

    it('gives one turn of grace', () => {
      const answered = add('answered');
      add('silent');
      fireTimer(101);
      expect(expired).toEqual([]);
      answered.cancel();
      turns.shift()?.();
      expect(expired).toEqual(['silent']);
    });

    it('gives those who come due in that turn a turn of their own', async () => {
      add('first');
      await Promise.resolve();
      nowMs = 2;
      add('second');
      fireTimer(101);
      nowMs = 400;
      turns.shift()?.();
      expect(expired).toEqual(['first']);
      fireTimer(401);
      turns.shift()?.();
      expect(expired).toEqual(['first', 'second']);
    });

    it('gives no more than that turn when the timer comes late', () => {
      add('silent');
      fireTimer(300);
      turns.shift()?.();
      expect(expired).toEqual(['silent']);
    });

    it('counts from when the code that asked let go of the loop', async () => {
      add('silent');
      nowMs = 300;
      await Promise.resolve();
      fireTimer(301);
      turns.shift()?.();
      expect(expired).toEqual([]);
      expect(timers.map(({ ms }) => ms)).toEqual([99]);
      fireTimer(400);
      turns.shift()?.();
      expect(expired).toEqual(['silent']);
    });
  });

  it('expires everybody at once when told to, and stops its timer', () => {
    add('a');
    add('b');
    queue.expireAll();
    expect(expired).toEqual(['a', 'b']);
    expect(clock.pendingTimerCount).toBe(0);
  });
});
