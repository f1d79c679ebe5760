import { expect, it } from '@jest/globals';
import { systemClock } from '../../../src/composition/system-clock.js';
import { openHandles } from '../../support/redis-kit.js';

it('keeps no process alive with its timers', () => {
  const before = openHandles();
  const timer = systemClock.after(60_000, () => undefined);
  expect(openHandles()).toBe(before);
  timer.cancel();
});
