import { beforeEach, describe, expect, it } from '@jest/globals';
import { Availability } from '../../../src/core/resilience/availability.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { EventRecorder } from '../../support/redis-kit.js';

describe('availability of a tier', () => {
  let clock: FakeClock;
  let events: EventRecorder;
  let availability: Availability;

  beforeEach(() => {
    clock = new FakeClock();
    events = new EventRecorder();
    availability = new Availability('redis', clock, events);
  });

  it('reports each change once', async () => {
    availability.up();
    availability.down('timeout');
    availability.down('disconnected');
    await clock.advance(70);
    availability.up();
    availability.up();
    expect(events.all).toEqual([
      { name: 'tierFailed', event: { tier: 'redis', reason: 'timeout' } },
      { name: 'tierRecovered', event: { tier: 'redis', downMs: 70 } },
    ]);
  });

  it('reports a first attempt that failed, and calls the next success a recovery', () => {
    availability.down('disconnected');
    availability.up();
    expect(events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
  });

  it('reports a cause that becomes known during an outage besides, once', async () => {
    availability.down('disconnected');
    for (let time = 0; time < 10; time++) availability.refused('certificate-expired');
    availability.down('disconnected');
    availability.up();
    availability.refused('certificate-expired');
    expect(events.of('tierFailed').map(({ reason }) => reason)).toEqual([
      'disconnected',
      'certificate-expired',
      'certificate-expired',
    ]);
    expect(events.of('tierRecovered')).toHaveLength(1);
  });

  it('reports nothing besides a cause that was known at once', () => {
    availability.refused('credentials-refused');
    availability.refused('credentials-refused');
    availability.down('disconnected');
    expect(events.of('tierFailed')).toEqual([{ tier: 'redis', reason: 'credentials-refused' }]);
  });

  describe('that comes and goes', () => {
    const flap = async (times: number) => {
      for (let time = 0; time < times; time++) {
        availability.down('connection-lost');
        await clock.advance(50);
        availability.up();
        await clock.advance(50);
      }
    };

    it('is reported as gone, back, gone, and no more, however long that lasts', async () => {
      await flap(200);
      expect(events.tierChanges).toEqual(['tierFailed', 'tierRecovered', 'tierFailed']);
    });

    it('is reported as back once it has held for ten seconds', async () => {
      await flap(3);
      await clock.advance(9_949);
      expect(events.tierChanges).toHaveLength(3);
      await clock.advance(1);
      expect(events.of('tierRecovered').at(-1)).toEqual({ tier: 'redis', downMs: 150 });
      await clock.advance(10_000);
      availability.down('timeout');
      availability.up();
      expect(events.tierChanges.slice(4)).toEqual(['tierFailed', 'tierRecovered']);
    });

    it('is told to listeners every time', async () => {
      let calls = 0;
      availability.onRecovered(() => calls++);
      await flap(3);
      expect(calls).toBe(3);
    });

    it('leaves no timer once it was stopped', async () => {
      await flap(2);
      availability.stop();
      expect(clock.pendingTimerCount).toBe(0);
    });
  });

  it('tells listeners of every time it becomes usable, the first included', () => {
    let calls = 0;
    const stop = availability.onRecovered(() => calls++);
    availability.up();
    availability.up();
    availability.down('timeout');
    availability.up();
    expect(calls).toBe(2);
    stop();
    availability.down('timeout');
    availability.up();
    expect(calls).toBe(2);
  });

  it('tells the other listeners when one throws', () => {
    let calls = 0;
    availability.onRecovered(() => {
      throw new Error('listener');
    });
    availability.onRecovered(() => calls++);
    availability.up();
    expect(calls).toBe(1);
  });
});
