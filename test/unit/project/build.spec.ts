import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../../..');

interface Build {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly steps: readonly (() => Promise<{ ok: boolean; output: string }>)[];
  readonly force?: boolean;
}

describe('building what has changed', () => {
  let buildIfChanged: (build: Build) => Promise<boolean>;
  let folder: string;
  let build: Build;
  const step = jest.fn(async () => {
    await writeFile(join(folder, 'output'), `made of ${await readFile(join(folder, 'input'), 'utf8')}`);
    return { ok: true, output: '' };
  });
  beforeAll(async () => {
    ({ buildIfChanged } = (await import(join(ROOT, 'scripts/build.mjs'))) as { buildIfChanged: typeof buildIfChanged });
  });
  beforeEach(async () => {
    step.mockClear();
    folder = await mkdtemp(join(tmpdir(), 'build-'));
    await writeFile(join(folder, 'input'), 'one');
    const path = (name: string): string => relative(ROOT, join(folder, name));
    build = {
      name: `spec-${process.pid}`,
      inputs: [path('input'), path('more')],
      outputs: [path('output')],
      steps: [step],
    };
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    await rm(join(ROOT, 'dist/.built', build.name), { force: true });
  });

  it('builds once', async () => {
    expect(await buildIfChanged(build)).toBe(true);
    expect(await buildIfChanged(build)).toBe(false);
    expect(step).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['a source changes', () => writeFile(join(folder, 'input'), 'two')],
    ['a source is added', () => writeFile(join(folder, 'more'), '')],
    ['a source is removed', () => rm(join(folder, 'input')).then(() => writeFile(join(folder, 'more'), 'one'))],
    ['the output is removed', () => rm(join(folder, 'output'))],
    ['someone else wrote the output', () => writeFile(join(folder, 'output'), 'of something else')],
  ])('builds again when %s', async (_, change) => {
    await buildIfChanged(build);
    await change();
    step.mockResolvedValueOnce({ ok: true, output: '' });
    expect(await buildIfChanged(build)).toBe(true);
  });

  it('builds in any case when told to', async () => {
    await buildIfChanged(build);
    expect(await buildIfChanged({ ...build, force: true })).toBe(true);
  });

  it('fails with the output of what failed, and builds again next time', async () => {
    step.mockResolvedValueOnce({ ok: false, output: 'line 3: no such type' });
    await expect(buildIfChanged(build)).rejects.toThrow(/the build failed\nline 3: no such type/);
    expect(await buildIfChanged(build)).toBe(true);
  });

  it('builds once when two ask at the same time', async () => {
    expect((await Promise.all([buildIfChanged(build), buildIfChanged(build)])).sort()).toEqual([false, true]);
    expect(step).toHaveBeenCalledTimes(1);
  });

  it('does not wait for a process that has ended', async () => {
    await buildIfChanged(build);
    const lock = join(ROOT, 'dist/.built', `${build.name}.lock`);
    await writeFile(lock, '4194305');
    await writeFile(join(folder, 'input'), 'two');
    expect(await buildIfChanged(build)).toBe(true);
    await expect(readFile(lock)).rejects.toThrow('ENOENT');
  });
});
