import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const JEST = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
/** One that configures its cache by nothing but what it says itself. */
const SPEC = 'test/unit/docs/quick-start.spec.ts';

it('tests are not configured by what the shell says of the cache', async () => {
  const env = { ...process.env, REDIS_URL: 'redis://127.0.0.1:1', CACHE_ENABLED: 'false' };
  const { stderr } = await promisify(execFile)(process.execPath, [...JEST, SPEC], { env });
  expect(stderr).toMatch(/^Tests: +\d+ passed/m);
});
