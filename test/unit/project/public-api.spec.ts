import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const LIB = resolve(import.meta.dirname, '../../../scripts/lib');

const ENTRY = `
export { Lamp, type Size as LampSize } from './lamp.js';
export { Injectable } from 'another-package';
export declare function light(lamp: string): void;
export declare function light(lamp: number): Promise<void>;
`;
const LAMP = `
import type { Colour, Parts } from './colour.js';
/** A lamp. */
export declare class Lamp<T> extends Map<string, T> {
  #genuine;
  private secret;
  constructor(parts: Parts);
  switch(on: boolean): Colour;
  protected watts: number;
}
export interface Size { height: number }
export type Forgotten = 1;
`;
const COLOUR = `
export interface Colour { readonly shade: Shade }
export interface Parts { readonly watts: number }
type Shade = 'light' | 'dark';
export {};
`;

describe('the public API as text', () => {
  let folder: string;
  let apiText: (title: string, file: string) => string;
  let lineDiff: (before: string, after: string) => string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'public-api-'));
    ({ apiText } = (await import(join(LIB, 'api-text.mjs'))) as { apiText: typeof apiText });
    ({ lineDiff } = (await import(join(LIB, 'line-diff.mjs'))) as { lineDiff: typeof lineDiff });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function apiOf(files: { entry?: string; lamp?: string; colour?: string } = {}): Promise<string> {
    await writeFile(join(folder, 'entry.d.ts'), files.entry ?? ENTRY);
    await writeFile(join(folder, 'lamp.d.ts'), files.lamp ?? LAMP);
    await writeFile(join(folder, 'colour.d.ts'), files.colour ?? COLOUR);
    return apiText('lamps', join(folder, 'entry.d.ts'));
  }

  it('shows every export with its signature, under its public name', async () => {
    const text = await apiOf();
    expect(text.match(/^#+ .*$/gm)).toEqual([
      '# lamps',
      '## Injectable',
      '## Lamp',
      '## LampSize',
      '## light',
      '# Not exported, but part of a signature',
      '## Colour',
      '## Shade',
    ]);
    expect(text).toContain('switch(on: boolean): Colour;');
    expect(text).toContain("export { Injectable } from 'another-package';");
    expect(text).toContain('light(lamp: string): void;\nexport declare function light(lamp: number): Promise<void>;');
  });

  it('shows what subclasses see and leaves private members out', async () => {
    const text = await apiOf();
    expect(text).toContain('protected watts: number;');
    expect(text).toContain('constructor(parts: Parts);');
    expect(text).not.toMatch(/secret|#genuine/);
  });

  it.each([
    ['a private member', { lamp: LAMP.replace('private secret;', 'private other;') }],
    ['a comment', { lamp: LAMP.replace('A lamp.', 'Gives light.') }],
    ['the order of members', { lamp: LAMP.replace(/( {2}switch.*\n)( {2}protected.*\n)/, '$2$1') }],
    ['a type that only a constructor mentions', { colour: COLOUR.replace('watts', 'volts') }],
    ['an internal type that nothing mentions', { lamp: LAMP.replace('Forgotten = 1', 'Forgotten = 2') }],
  ])('does not change with %s', async (_, change) => {
    expect(await apiOf(change)).toBe(await apiOf());
  });

  it.each([
    ['a parameter', { lamp: LAMP.replace('on: boolean', 'on?: boolean') }],
    ['an export that is gone', { entry: ENTRY.replace(', type Size as LampSize', '') }],
    ['a type that is only mentioned', { colour: COLOUR.replace("'dark'", "'dark' | 'dim'") }],
    ['a constructor that nobody may call any more', { lamp: LAMP.replace('constructor(', 'private constructor(') }],
    ['the order of overloads', { entry: ENTRY.replace(/(.*string\): void;\n)(.*\n)/, '$2$1') }],
  ])('changes with %s', async (_, change) => {
    expect(await apiOf(change)).not.toBe(await apiOf());
  });

  it('names the export above each line that differs', () => {
    const before = '# lamps\n\n## Lamp\n\non: boolean\nwatts\n\n## light\n\nvoid\n';
    const after = '# lamps\n\n## Lamp\n\non?: boolean\nwatts\n\n## light\n\nvoid\nmore\n';
    expect(lineDiff(before, after)).toBe('## Lamp\n- on: boolean\n+ on?: boolean\n## light\n+ more');
    expect(lineDiff(before, before)).toBe('');
  });
});
