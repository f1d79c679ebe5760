import { describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { readFileSync } from 'node:fs';
import { CacheTtl } from '../../../src/core/policy/cache-ttl.js';
import { CacheEnvironment } from '../../../src/nest/config/cache-environment.js';

const defaults = Object.entries(new CacheEnvironment()) as [string, string][];

describe('what is written about the environment', () => {
  it('.env.example gives every variable its default and a line of explanation', () => {
    const lines = readFileSync('.env.example', 'utf8').split('\n');
    const written = lines.flatMap((line, index) => {
      const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (!name) return [];
      expect(lines[index - 1]).toMatch(/^# \S/);
      return [[name, value]];
    });
    expect(written.filter(([name]) => /^(CACHE|REDIS)_/.test(name as string))).toEqual(defaults);
  });

  it('the concept page gives every variable its default and a meaning', () => {
    const page = readFileSync('docs/concepts/configuration.md', 'utf8');
    const table = page.slice(page.indexOf('| variable |'), page.indexOf('## How values are read'));
    const rows = [...table.matchAll(/^\| `(\w+)` \| (?:`([^`]*)` )?\| (.+) \|$/gm)];
    expect(rows.map(([, name, value]) => [name, value ?? ''])).toEqual(defaults);
  });

  it('the concept page gives every preset of CacheTtl its duration and a meaning', () => {
    const page = readFileSync('docs/concepts/configuration.md', 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| `(\w+)` \| [^|]{5,} \|$/gm)];
    expect(rows.slice(-Object.keys(CacheTtl).length).map(([, name, ttl]) => [name, ttl])).toEqual(
      Object.entries(CacheTtl),
    );
  });

  it('every variable is validated', () => {
    const metadata = getMetadataStorage().getTargetValidationMetadatas(CacheEnvironment, '', true, false);
    const validated = new Set(metadata.map(({ propertyName }) => propertyName));
    expect(defaults.map(([name]) => name).filter((name) => !validated.has(name))).toEqual([]);
  });
});
