export { FakeClock } from './testing/fake-clock.js';
export type { Clock, Timer } from './core/ports/clock.js';
