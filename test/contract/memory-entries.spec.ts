import { FakeClock } from '../../src/testing/fake-clock.js';
import { MemoryStore } from '../../src/tiers/memory/memory-store.js';
import { describeEntries } from './entry-store.contract.js';

describeEntries('memory', () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ maxBytes: 64 * 1024 * 1024, clock });
  return Promise.resolve({ store, elapse: (ms) => clock.advance(ms), dispose: () => store.close() });
});
