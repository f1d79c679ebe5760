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

  it('gives one turn of grace after the deadline', () => {
    const turns: (() => void)[] = [];
    const timers: (() => void)[] = [];
    let nowMs = 0;
    const manual = {
      now: () => nowMs,
      monotonicNow: () => nowMs,
      after: (_ms: number, callback: () => void) => {
        timers.push(callback);
        return { cancel: () => {} };
      },
      nextTurn: (callback: () => void) => void turns.push(callback),
    };
    const graceful = new DeadlineQueue(manual, 100);
    const answered = graceful.add({ expire: () => void expired.push('answered') });
    graceful.add({ expire: () => void expired.push('silent') });
    nowMs = 400;
    timers.shift()?.();
    expect(expired).toEqual([]);
    answered.cancel();
    // Came due only after the timer: its own turn of grace is still to come.
    graceful.add({ expire: () => void expired.push('new') });
    nowMs = 600;
    turns.shift()?.();
    expect(expired).toEqual(['silent']);
    timers.shift()?.();
    turns.shift()?.();
    expect(expired).toEqual(['silent', 'new']);
  });

  it('expires everybody at once when told to, and stops its timer', () => {
    add('a');
    add('b');
    queue.expireAll();
    expect(expired).toEqual(['a', 'b']);
    expect(clock.pendingTimerCount).toBe(0);
  });
});
