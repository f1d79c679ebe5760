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
