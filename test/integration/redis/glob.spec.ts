import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globMatcher } from '../../../src/core/glob.js';
import { RedisServer } from '../../support/redis-server.js';

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

it('matches the keys that Redis matches', async () => {
  // Whether bytes above 127 come before or after the others in a range differs between the machines Redis runs on.
  const ascii = ['*', '?', '[', ']', '^', '-', '\\', 'a', 'b', 'c'];
  const unit = fc.constantFrom(...ascii);
  const key = fc.string({ unit: fc.constantFrom(...ascii, 'ü'), minLength: 1, maxLength: 6 });
  const keys = fc.sample(key, { numRuns: 300, seed: 1 });
  for (const name of keys) await server.command('SET', name, 'v');
  const stored = (await server.command('KEYS', '*')) as string[];
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, maxLength: 8 }), async (pattern) => {
      const found = (await server.command('KEYS', pattern)) as string[];
      expect(stored.filter(globMatcher(pattern)).sort()).toEqual(found.sort());
    }),
    { numRuns: 1_000 },
  );
});
