import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';

const ROOT = resolve(import.meta.dirname, '../../..');
const eslint = new ESLint({ cwd: ROOT });

/** Rules that `code` breaks in the place of a file of the project. */
async function rulesBroken(file: string, code: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: resolve(ROOT, file) });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId);
}

const CORE = 'src/core/cache.ts';
const UNIT = 'test/unit/core/get-or-load.spec.ts';
const lines = (count: number): string => 'void 0;\n'.repeat(count);

describe('the linter', () => {
  // It first reads the types of the whole project.
  beforeAll(() => rulesBroken(CORE, ''), 60_000);

  it.each([
    ['a clock of its own in core', CORE, 'export const a = (): number => Date.now();', 'no-restricted-properties'],
    ['the present time in core', CORE, 'export const a = (): Date => new Date();', 'no-restricted-syntax'],
    ['chance in core', CORE, 'export const a = (): number => Math.random();', 'no-restricted-properties'],
    ['a timer in core', CORE, 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
    ['a timer of the global object', CORE, 'globalThis.setTimeout(() => undefined, 1);', 'no-restricted-properties'],
    [
      'the environment in the agent room',
      'src/agent/contexts/task-of.ts',
      'void process.env.A;',
      'no-restricted-globals',
    ],
    ['a console in a codec', 'src/codec/vector.ts', "console.log('a');", 'no-restricted-globals'],
    ['state of a module', CORE, 'export let a = 1; a++;', 'no-restricted-syntax'],
    ['an export of everything', 'src/index.ts', "export * from './core.js';", 'no-restricted-syntax'],
    ['a value of any type', CORE, 'export const a = (b: any): any => b;', '@typescript-eslint/no-explicit-any'],
    ['a promise nobody waits for', CORE, 'Promise.resolve();', '@typescript-eslint/no-floating-promises'],
    ['a file of more than 200 lines', CORE, lines(201), 'max-lines'],
    ['a function of more than 30 lines', CORE, `export function a(): void {\n${lines(30)}}`, 'max-lines-per-function'],
    ['waiting in a unit test', UNIT, 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
    ['sleeping in a unit test', UNIT, "import 'node:timers/promises';", 'no-restricted-imports'],
    ['what a script does not use', 'scripts/test.mjs', 'const a = 1;', 'no-unused-vars'],
  ])('refuses %s', async (_, file, code, rule) => {
    expect(await rulesBroken(file, code)).toContain(rule);
  });

  it('allows what it does not forbid', async () => {
    expect(await rulesBroken(CORE, 'export const a = (b: number): number => b + 1;\n')).toEqual([]);
    expect(await rulesBroken('test/chaos/client-hang.spec.ts', "import 'node:timers/promises';\n")).toEqual([]);
  });
});
