import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const HOOK = resolve(import.meta.dirname, '../../../scripts/lib/own-package.mjs');

describe('the package of a project, for modules elsewhere', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'own-package-'));
    await Promise.all(
      ['project/scripts/lib', 'elsewhere'].map((each) => mkdir(join(folder, each), { recursive: true })),
    );
    await cp(HOOK, join(folder, 'project/scripts/lib/own-package.mjs'));
    await write('project/package.json', '{ "name": "nestjs-agent-cache", "exports": { ".": "./index.mjs" } }');
    await write('project/index.mjs', "export const whose = 'of the project';");
    await write('elsewhere/policy.mjs', "export { whose } from 'nestjs-agent-cache';");
    await write('elsewhere/other.mjs', "export { whose } from 'nestjs-agent-cache-of-others';");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const write = (path: string, text: string): Promise<void> => writeFile(join(folder, path), text);
  const url = (path: string): string => pathToFileURL(join(folder, path)).href;
  /** What a module elsewhere exports as `whose`, or the code of the error with which importing it fails. */
  async function whose(path: string, isOffered: boolean): Promise<string> {
    const program = `
      const { offerOwnPackage } = await import('${url('project/scripts/lib/own-package.mjs')}');
      if (${isOffered}) offerOwnPackage();
      console.log(await import('${url(path)}').then(({ whose }) => whose, ({ code }) => code));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    return stdout.trim();
  }

  it('is found by its name once it is offered', async () => {
    expect(await whose('elsewhere/policy.mjs', true)).toBe('of the project');
    expect(await whose('elsewhere/policy.mjs', false)).toBe('ERR_MODULE_NOT_FOUND');
  });

  it('is not taken for another one whose name begins alike', async () => {
    expect(await whose('elsewhere/other.mjs', true)).toBe('ERR_MODULE_NOT_FOUND');
  });
});
