import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

interface Report {
  readonly isQuick: boolean;
  readonly rows: readonly { readonly name: string; readonly ours: number; readonly verdict: string }[];
}

const root = resolve(import.meta.dirname, '../../..');
const LIMIT_MS = 120_000;

/** It is plain JavaScript without types. */
const { GOALS } = (await import(`${root}/bench/lib/peers.mjs`)) as { GOALS: Record<string, object> };

describe('the bench', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const bench = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [join(root, 'bench/run.mjs'), ...args], { cwd: folder, timeout: LIMIT_MS });

  it(
    'answers every question once, in a table and as JSON, and writes nothing else',
    async () => {
      const { stdout, stderr } = await bench('--quick', '--json', 'report.json');
      const { rows, isQuick } = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report;
      expect(isQuick).toBe(true);
      expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(GOALS).sort());
      for (const { name, ours } of rows) {
        expect({ name, isMeasured: ours >= 0 }).toEqual({ name, isMeasured: true });
        expect(stdout).toContain(name);
      }
      expect(stderr).toBe('');
    },
    LIMIT_MS,
  );

  it('says which questions there are', async () => {
    await expect(bench('--only=memory-hit,speed')).rejects.toMatchObject({
      stderr: expect.stringMatching(/^unknown: speed; expected --only= with some of memory-hit,/),
    });
  });
});
