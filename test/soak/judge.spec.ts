import { describe, expect, it } from '@jest/globals';
import { type Measured, judge, LIMITS } from './judge.js';
import { Latencies } from './latencies.js';
import { Ledger } from './ledger.js';
import type { CallRecord } from './records.js';
import { scheduleOf } from './schedule.js';
import { FAULTS } from './faults.js';
import { APART, QUIET, Timeline } from './timeline.js';

const MB = 1_048_576;
const good: Measured = {
  errors: 0,
  wrong: 0,
  violations: 0,
  unhandledRejections: 0,
  processWarnings: 0,
  faultP99Ms: 101,
  quietP99Ms: 0.8,
  bareP99Ms: 0.2,
  notHealed: 0,
  heldBytes: [
    [30 * MB, 33 * MB, 31 * MB, 32 * MB],
    [31 * MB, 30 * MB, 31 * MB, 30 * MB],
  ],
  logLines: 80,
  faultCount: 20,
  workers: 2,
};
const broken = (measured: Partial<Measured>) =>
  judge({ ...good, ...measured }).flatMap(({ isMet, text }) => (isMet ? [] : [text]));

describe('the judge of a soak', () => {
  it('holds one in which all was well', () => {
    expect(broken({})).toEqual([]);
  });

  it.each<[string, Partial<Measured>, string]>([
    ['an error', { errors: 1 }, 'errors to callers: 1'],
    ['a wrong value', { wrong: 1 }, 'wrong values: 1'],
    ['a stale value', { violations: 2 }, 'stale values: 2'],
    ['an unhandled rejection', { unhandledRejections: 1 }, 'unhandled rejections: 1'],
    ['a warning of a process', { processWarnings: 1 }, 'warnings of the processes: 1'],
    ['slow calls during a fault', { faultP99Ms: 105.4 }, 'added during faults, p99 at most 105 ms: 105 ms'],
    ['slow calls outside of faults', { quietP99Ms: 1.2 }, 'added outside of faults, p99 at most 1 ms: 1.20 ms'],
    ['healing that takes long', { notHealed: 1 }, 'without hits in time after a fault: 1'],
    ['a flood of lines', { logLines: 161 }, 'log lines at most 160: 161'],
  ])('would catch %s', (_, measured, text) => {
    expect(broken(measured)).toEqual([text]);
  });

  it('would catch a leak of 100 bytes a call in one process, within ten minutes', () => {
    const leaking = Array.from({ length: 20 }, (_, sample) => 30 * MB + sample * 30 * 1_000 * 100);
    expect(broken({ heldBytes: [good.heldBytes[1] ?? [], leaking] })).toEqual([expect.stringMatching(/^grown by/)]);
  });

  it('asks less of the cache where a bare command takes longer than a quarter of a millisecond', () => {
    expect(broken({ quietP99Ms: 1.5, bareP99Ms: 0.4 })).toEqual([]);
    expect(broken({ quietP99Ms: 1.7, bareP99Ms: 0.4 })).toEqual([
      'added outside of faults, p99 at most 1.6 ms: 1.70 ms',
    ]);
  });

  it('lets one odd sample decide nothing', () => {
    const odd = [30, 30, 30, 31, 30, 31, 30, 55, 31].map((mb) => mb * MB);
    expect(broken({ heldBytes: [odd] })).toEqual([]);
  });
});

describe('what the cache has added to a call', () => {
  const call: CallRecord = {
    kind: 'direct',
    dueAtMs: 1_000,
    startedAtMs: 1_000,
    endedAtMs: 1_010,
    queuedMs: 0,
    peersQueuedMs: 0,
    sourceMs: 0,
    things: [7],
    hit: null,
  };
  const ledgerWith = (calls: CallRecord[], loads: [number, number][] = []): Ledger => {
    const timeline = new Timeline();
    timeline.begin(QUIET, 0);
    timeline.begin({ name: 'fault', fault: 'stopped' }, 5_000);
    timeline.begin(QUIET, 7_000);
    timeline.begin(APART, 9_000);
    const ledger = new Ledger(timeline);
    ledger.learn({
      calls,
      loads: loads.map(([startedAtMs, endedAtMs]) => ({ thing: 7, startedAtMs, endedAtMs })),
    });
    ledger.advance(10_000);
    return ledger;
  };

  it('is its time, less that of the loaders that it may have waited for, each moment once', () => {
    const { quiet } = ledgerWith(
      [call],
      [
        [990, 1_004],
        [1_002, 1_006],
        [1_008, 1_020],
      ],
    );
    expect(quiet.raw.maxMs).toBeCloseTo(2);
  });

  it('counts from when the call was due', () => {
    expect(ledgerWith([{ ...call, dueAtMs: 900 }]).quiet.raw.maxMs).toBeCloseTo(110);
  });

  it('is excused by waiting for a processor down to the limit, never below it', () => {
    const { quiet } = ledgerWith([
      { ...call, queuedMs: 3, peersQueuedMs: 2 },
      { ...call, queuedMs: 50 },
    ]);
    expect(quiet.added.maxMs).toBeCloseTo(5);
    expect(quiet.added.percentile(0.5)).toBe(LIMITS.quietP99Ms);
    expect(quiet.raw.percentile(0.5)).toBeCloseTo(10, 0);
  });

  it('is excused by others than its own process only where they are meant to answer', () => {
    const during = { ...call, dueAtMs: 5_000, startedAtMs: 5_000, endedAtMs: 5_200, peersQueuedMs: 80 };
    expect(ledgerWith([during]).faults.get('stopped')?.added.maxMs).toBeCloseTo(200);
    expect(ledgerWith([{ ...during, queuedMs: 80 }]).faults.get('stopped')?.added.maxMs).toBeCloseTo(120);
  });

  it.each([
    ['begins before a fault and ends in it', 4_990, 'fault'],
    ['begins in a fault and ends after it', 6_990, 'fault'],
    ['begins after it', 7_010, 'quiet'],
    ['ends where nothing is judged', 8_995, 'apart'],
  ])('belongs to the worst phase that a call meets that %s', (_, dueAtMs, phase) => {
    const ledger = ledgerWith([{ ...call, dueAtMs, startedAtMs: dueAtMs, endedAtMs: dueAtMs + 20 }]);
    expect(ledger.quiet.raw.count).toBe(phase === 'quiet' ? 1 : 0);
    expect(ledger.faults.get('stopped')?.raw.count ?? 0).toBe(phase === 'fault' ? 1 : 0);
  });
});

describe('percentiles', () => {
  it('are too high by half a percent at most, and never too low', () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms / 10);
    for (const share of [0.5, 0.99, 0.999]) {
      expect(latencies.percentile(share)).toBeGreaterThanOrEqual(share * 100 - 1e-9);
      expect(latencies.percentile(share)).toBeLessThan(share * 100 * 1.0051);
    }
    expect(latencies.maxMs).toBe(100);
  });
});

describe('latencies', () => {
  it('tell what is at a limit from what is beyond it', () => {
    for (const limitMs of [1, 100]) {
      const latencies = new Latencies();
      for (let call = 0; call < 99; call++) latencies.add(limitMs);
      latencies.add(limitMs * 1.003);
      expect(latencies.percentile(0.99)).toBe(limitMs);
      expect(latencies.percentile(1)).toBe(limitMs * 1.003);
    }
  });
});

describe('the schedule of a soak', () => {
  it('is the same for the same seed, and has every fault before it has one twice', () => {
    const planned = scheduleOf(5, 600);
    expect(scheduleOf(5, 600)).toEqual(planned);
    expect(scheduleOf(6, 600)).not.toEqual(planned);
    const first = planned.slice(0, FAULTS.length).map(({ fault }) => fault);
    expect([...first].sort()).toEqual([...FAULTS].sort());
  });
});
