import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../../..');

interface Locked {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Lock = Readonly<Record<string, Locked>>;

const lock = (JSON.parse(readFileSync(resolve(ROOT, 'package-lock.json'), 'utf8')) as { packages: Lock }).packages;

/** Packages for other platforms that a locked package wants and the lock does not have: with one, `npm ci` refuses to run. */
function missingFrom(packages: Lock): string[] {
  const names = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)));
  const wanted = Object.values(packages).flatMap((locked) => Object.keys(locked.optionalDependencies ?? {}));
  return [...new Set(wanted)].filter((name) => !names.has(name));
}

describe('the lock file', () => {
  it('holds the packages of every platform, so that npm ci works on each', () => {
    expect(missingFrom(lock)).toEqual([]);
    const { 'node_modules/@swc/core-darwin-arm64': _, ...partial } = lock;
    expect(missingFrom(partial)).toEqual(['@swc/core-darwin-arm64']);
  });

  it('names no place to download from, so that everybody uses their own registry', () => {
    expect(Object.values(lock).filter(({ resolved, link }) => resolved !== undefined && !link)).toEqual([]);
  });
});
