import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Reply } from '../../../src/core/ports/store.js';
import { Breaker } from '../../../src/core/resilience/breaker.js';
import { Guard, type GuardOptions } from '../../../src/core/resilience/guard.js';
import type { Effort, Fault } from '../../../src/core/resilience/guarded-call.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const LOST: Fault = { reason: 'connection-lost', isPassing: true };
const LOADING: Fault = { reason: 'rejected', isPassing: true };
const OOM: Fault = { reason: 'rejected', isPassing: false };
const CONNECTING: Fault = { reason: 'disconnected', isPassing: true };
const AWAY: Fault = { reason: 'disconnected', isPassing: false };
const READ = { idempotent: true };
const WRITE_ONCE = { idempotent: false };

class FaultError extends Error {
  constructor(readonly fault: Fault) {
    super('a command failed');
  }
}

/** Commands that a test settles by hand. */
class Commands {
  readonly sent: { resolve: (value: unknown) => void; reject: (fault: Fault) => void }[] = [];
  readonly command = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.sent.push({ resolve, reject: (fault) => reject(new FaultError(fault)) });
    });

  get last() {
    const last = this.sent.at(-1);
    if (!last) throw new Error('no command was sent');
    return last;
  }
}

describe('a guard', () => {
  let clock: FakeClock;
  let breaker: Breaker;
  let guard: Guard;
  let commands: Commands;

  const create = (options: Partial<GuardOptions> = {}) => {
    clock = new FakeClock();
    breaker = new Breaker(clock, { breakerThreshold: 10, breakerOpenMs: 500 });
    commands = new Commands();
    guard = new Guard({
      clock,
      breaker,
      timeoutMs: 100,
      maxInFlight: 512,
      maxInFlightBytes: 1_000,
      retries: 2,
      isOneServer: true,
      random: () => 0.5,
      classify: (error) => (error as FaultError).fault,
      ...options,
    });
  };
  beforeEach(() => create());

  const run = (effort: Effort<unknown> = READ): { reply: Reply<unknown> | null } => {
    const call: { reply: Reply<unknown> | null } = { reply: null };
    void guard.run(commands.command, effort).then((reply) => (call.reply = reply));
    return call;
  };
  const settle = () => clock.advance(0);
  const failure = (reason: string) => ({ ok: false, reason });

  it('hands on what a command answers', async () => {
    const call = run();
    commands.last.resolve('v');
    await settle();
    expect(call.reply).toEqual({ ok: true, value: 'v' });
    expect(guard.inFlight).toBe(0);
  });

  it.each(['throws', 'rejects'])('takes a command that %s for a failure', async (how) => {
    const fail = () => {
      if (how === 'rejects') return Promise.reject(new FaultError(OOM));
      throw new FaultError(OOM);
    };
    expect(await guard.run(fail, READ)).toEqual(failure('rejected'));
    expect(guard.inFlight).toBe(0);
  });

  describe('deadline', () => {
    it('releases the caller when it has passed, not before', async () => {
      const call = run();
      await clock.advance(99);
      expect(call.reply).toBeNull();
      await clock.advance(1);
      expect(call.reply).toEqual(failure('timeout'));
    });

    it('would be caught missing', async () => {
      create({ timeoutMs: 60_000 });
      const call = run();
      await clock.advance(100);
      expect(call.reply).toBeNull();
    });

    it('ignores an answer that comes later', async () => {
      const call = run();
      await clock.advance(100);
      commands.last.resolve('late');
      await settle();
      expect(call.reply).toEqual(failure('timeout'));
    });

    it('leaves no timer behind after calls that were answered', async () => {
      run();
      commands.last.resolve('v');
      await clock.advance(100);
      expect(clock.pendingTimerCount).toBe(0);
    });
  });

  describe('in-flight cap', () => {
    it('sheds what comes on top and counts it', async () => {
      create({ maxInFlight: 2 });
      run();
      run();
      expect(await guard.run(commands.command, READ)).toEqual(failure('shed'));
      expect(commands.sent).toHaveLength(2);
      expect(guard.shedCount).toBe(1);
    });

    it('keeps the place of a command that timed out until it is settled', async () => {
      create({ maxInFlight: 1, isOneServer: false });
      run();
      await clock.advance(100);
      expect(guard.inFlight).toBe(1);
      expect(await guard.run(commands.command, READ)).toEqual(failure('shed'));
      commands.last.reject(LOST);
      await settle();
      expect(guard.inFlight).toBe(0);
      run();
      expect(commands.sent).toHaveLength(2);
    });

    it('counts all commands of a call', async () => {
      create({ maxInFlight: 10 });
      run({ idempotent: true, commands: 12 });
      expect(guard.inFlight).toBe(12);
      expect(await guard.run(commands.command, READ)).toEqual(failure('shed'));
      commands.last.resolve('v');
      await settle();
      expect(guard.inFlight).toBe(0);
    });

    it('counts bytes', async () => {
      run({ idempotent: true, bytes: 1_000 });
      expect(await guard.run(commands.command, READ)).toEqual(failure('shed'));
      commands.last.resolve('v');
      await settle();
      run();
      expect(commands.sent).toHaveLength(2);
    });
  });

  describe('breaker', () => {
    const timeOut = async (times: number) => {
      for (let count = 0; count < times; count++) run();
      await clock.advance(100);
    };

    it('opens after one timeout in which nothing was answered; calls then are not sent', async () => {
      await timeOut(1);
      expect(breaker.state).toBe('open');
      expect(await guard.run(commands.command, READ)).toEqual(failure('breaker-open'));
      expect(commands.sent).toHaveLength(1);
    });

    it('releases at once who began to wait later, when it opens for silence', async () => {
      run();
      await clock.advance(90);
      const later = run();
      await clock.advance(10);
      expect(later.reply).toEqual(failure('timeout'));
      expect(clock.pendingTimerCount).toBe(0);
    });

    it('stays closed for a slow command among others that are answered', async () => {
      run();
      await clock.advance(50);
      run();
      commands.last.resolve('v');
      const waiting = run();
      await clock.advance(50);
      expect(breaker.state).toBe('closed');
      expect(waiting.reply).toBeNull();
    });

    it('opens though the answer to an earlier command came meanwhile', async () => {
      run();
      run();
      commands.sent[0]?.resolve('v');
      await clock.advance(100);
      expect(breaker.state).toBe('open');
    });

    it.each([
      [9, 'closed'],
      [10, 'open'],
    ])('is, after %i timeouts in a row while something else was answered, %s', async (times, state) => {
      for (let count = 0; count < times; count++) run();
      run();
      commands.last.resolve('v');
      await clock.advance(100);
      expect(breaker.state).toBe(state);
    });

    it('opens for silence alone only where one server has to answer', async () => {
      create({ isOneServer: false });
      await timeOut(9);
      expect(breaker.state).toBe('closed');
      await timeOut(1);
      expect(breaker.state).toBe('open');
    });

    it('stays closed for silence that concerns a part of the servers, however often', async () => {
      create({ isOneServer: false });
      const calls = Array.from({ length: 20 }, () => run({ ...READ, unanswered: () => 'part' }));
      await clock.advance(100);
      expect(calls.map(({ reply }) => reply)).toEqual(calls.map(() => failure('timeout')));
      expect(breaker.state).toBe('closed');
    });

    it('opens at once for silence that concerns all servers, and releases who began to wait later', async () => {
      create({ isOneServer: false });
      run({ ...READ, unanswered: () => 'whole' });
      await clock.advance(60);
      const later = run();
      await clock.advance(40);
      expect(breaker.state).toBe('open');
      expect(later.reply).toEqual(failure('timeout'));
    });

    it('opens again for a probe that concerns a part of the servers, so that it is probed again', async () => {
      create({ isOneServer: false });
      run({ ...READ, unanswered: () => 'whole' });
      await clock.advance(600);
      run({ ...READ, unanswered: () => 'part' });
      expect(breaker.state).toBe('half-open');
      await clock.advance(100);
      expect(breaker.state).toBe('open');
    });

    it('does not open for error replies', async () => {
      for (let count = 0; count < 30; count++) {
        run();
        commands.last.reject(OOM);
        await settle();
      }
      expect(breaker.state).toBe('closed');
    });

    it('does not open for commands that were never sent', async () => {
      for (let count = 0; count < 30; count++) {
        run();
        commands.last.reject(AWAY);
        await settle();
      }
      expect(breaker.state).toBe('closed');
    });

    it('gives a probe back that was never sent', async () => {
      await timeOut(10);
      await clock.advance(500);
      run();
      commands.last.reject(AWAY);
      await settle();
      run();
      expect(commands.sent).toHaveLength(12);
    });

    it('closes when a probe is answered, with an error even, and says that something was answered in time', async () => {
      let answers = 0;
      create({ onAnswered: () => answers++ });
      await timeOut(10);
      await clock.advance(500);
      run();
      commands.last.reject(OOM);
      await settle();
      expect(breaker.state).toBe('closed');
      expect(answers).toBe(1);
    });

    it('is probed again at once when a late answer proves life', async () => {
      await timeOut(10);
      commands.sent[0]?.resolve('late');
      await settle();
      expect(breaker.state).toBe('half-open');
      expect(guard.answerCount).toBe(1);
    });

    it('learns nothing from late failures', async () => {
      create({ isOneServer: false });
      await timeOut(9);
      for (const { reject } of commands.sent) reject(LOST);
      await settle();
      expect(breaker.state).toBe('closed');
    });
  });

  describe('retry', () => {
    const fail = async (fault: Fault) => {
      commands.last.reject(fault);
      await settle();
    };

    it.each([
      ['connection was lost', LOST],
      ['server was loading', LOADING],
    ])('tries again after 10 and 30 ms when the %s, and no more', async (_what, fault) => {
      const call = run();
      await fail(fault);
      await clock.advance(9);
      expect(commands.sent).toHaveLength(1);
      await clock.advance(1);
      expect(commands.sent).toHaveLength(2);
      await fail(fault);
      await clock.advance(29);
      expect(commands.sent).toHaveLength(2);
      await clock.advance(1);
      expect(commands.sent).toHaveLength(3);
      await fail(fault);
      expect(call.reply).toEqual(failure(fault.reason));
      expect(guard.inFlight).toBe(0);
    });

    it('hands on what a later try answers', async () => {
      const call = run();
      await fail(LOST);
      await clock.advance(10);
      commands.last.resolve('v');
      await settle();
      expect(call.reply).toEqual({ ok: true, value: 'v', mayComeAgain: true });
    });

    it('would be caught missing', async () => {
      create({ retries: 0 });
      const call = run();
      await fail(LOST);
      expect(call.reply).toEqual(failure('connection-lost'));
    });

    it.each([
      ['that was never sent', AWAY, READ],
      ['for which the server has no room', OOM, READ],
      ['that must not be carried out twice', LOST, WRITE_ONCE],
    ])('does not repeat a command %s', async (_what, fault, effort) => {
      const call = run(effort);
      await fail(fault);
      expect(call.reply).toEqual(failure(fault.reason));
      expect(clock.pendingTimerCount).toBe(1);
    });

    it('does not wait for a connection that the first try did not find', async () => {
      const call = run();
      await fail(CONNECTING);
      expect(call.reply).toEqual(failure('disconnected'));
    });

    it('waits for a new connection after one was lost, without counting that as tries', async () => {
      const call = run();
      await fail(LOST);
      for (let count = 0; count < 4; count++) {
        await clock.advance(10);
        await fail(CONNECTING);
      }
      await clock.advance(10);
      commands.last.resolve('v');
      await settle();
      expect(call.reply).toEqual({ ok: true, value: 'v', mayComeAgain: true });
    });

    it('gives up when the new connection fails', async () => {
      const call = run();
      await fail(LOST);
      await clock.advance(10);
      await fail(AWAY);
      expect(call.reply).toEqual(failure('connection-lost'));
    });

    it('starts no try that would begin after the deadline', async () => {
      const call = run();
      await clock.advance(91);
      await fail(LOST);
      expect(call.reply).toEqual(failure('connection-lost'));
    });

    it('starts none after the deadline either where a long turn makes the pause end late', async () => {
      const call = run();
      await fail(LOADING);
      // All timers of a loop that was blocked run together, at its end.
      jest.spyOn(clock, 'monotonicNow').mockReturnValue(clock.monotonicNow() + 300);
      await clock.advance(10);
      expect(commands.sent).toHaveLength(1);
      expect(call.reply).toEqual(failure('rejected'));
      expect(guard.inFlight).toBe(0);
    });

    it('covers all tries with one deadline', async () => {
      const call = run();
      await clock.advance(50);
      await fail(LOST);
      await clock.advance(49);
      expect(commands.sent).toHaveLength(2);
      expect(call.reply).toBeNull();
      await clock.advance(1);
      expect(call.reply).toEqual(failure('timeout'));
    });

    it('is jittered', async () => {
      for (const [random, firstMs] of [
        [0, 7.5],
        [1, 12.5],
      ] as const) {
        create({ random: () => random });
        run();
        await fail(LOST);
        await clock.advance(firstMs - 0.1);
        expect(commands.sent).toHaveLength(1);
        await clock.advance(0.1);
        expect(commands.sent).toHaveLength(2);
      }
    });
  });

  describe('an answer that cannot be one to its command', () => {
    const effort: Effort<unknown> = { idempotent: true, accepts: (value) => value === 'v' };

    it('is reported and not handed on; the command is tried again', async () => {
      let reports = 0;
      create({ onOutOfStep: () => reports++ });
      const call = run(effort);
      commands.last.resolve(17);
      await clock.advance(10);
      expect(reports).toBe(1);
      commands.last.resolve('v');
      await settle();
      expect(call.reply).toEqual({ ok: true, value: 'v', mayComeAgain: true });
    });
  });

  describe('close', () => {
    it('waits for calls under way and lets nothing new in', async () => {
      const call = run();
      let isClosed = false;
      void guard.close(200).then(() => (isClosed = true));
      expect(await guard.run(commands.command, READ)).toEqual(failure('closed'));
      await clock.advance(50);
      expect(isClosed).toBe(false);
      commands.last.resolve('v');
      await settle();
      expect(call.reply).toEqual({ ok: true, value: 'v' });
      expect(isClosed).toBe(true);
    });

    it('tells those closed who wait longer, and leaves no timer', async () => {
      create({ timeoutMs: 5_000 });
      const call = run();
      const closed = guard.close(200);
      await clock.advance(200);
      await closed;
      expect(call.reply).toEqual(failure('closed'));
      expect(clock.pendingTimerCount).toBe(0);
      expect(breaker.state).toBe('closed');
    });

    it('ends at once when nothing is under way, hung commands aside', async () => {
      run();
      await clock.advance(100);
      await guard.close(200);
    });
  });
});
