import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { CacheKeyGenerator, type EmbeddingKeyOptions } from '../../../src/core/key/cache-key-generator.js';

interface GoldenKeys {
  readonly hashes: readonly { readonly value: unknown; readonly hash: string; readonly short: string }[];
  readonly toolKeys: readonly {
    readonly tool: string;
    readonly params: unknown;
    readonly of: object;
    readonly key: string;
  }[];
  readonly embeddingKeys: readonly { readonly text: string; readonly of: EmbeddingKeyOptions; readonly key: string }[];
  readonly promptKeys: readonly { readonly context: unknown; readonly of: object; readonly key: string }[];
}

const SCRIPT = 'test/fixtures/golden-keys.py';
const golden = JSON.parse(readFileSync('test/fixtures/golden-keys.json', 'utf8')) as GoldenKeys;
const keys = new CacheKeyGenerator();

describe('keys that another language finds', () => {
  it('are enough of them to mean something', () => {
    expect(golden.hashes.length).toBeGreaterThanOrEqual(20);
  });

  it.each(golden.hashes)('are equal for value %#', ({ value, hash: full, short }) => {
    expect(keys.hash(value)).toBe(full);
    expect(keys.hash(value, 16)).toBe(short);
  });

  it.each(golden.toolKeys)('are equal for tool call %#', ({ tool, params, of, key }) => {
    expect(keys.toolKey(tool, params, of)).toBe(key);
  });

  it.each(golden.embeddingKeys)('are equal for embedding %#', ({ text, of, key }) => {
    expect(keys.embeddingKey(text, of)).toBe(key);
  });

  it.each(golden.promptKeys)('are equal for prompt %#', ({ context, of, key }) => {
    expect(keys.promptKey(context, of)).toBe(key);
  });

  it('differ where its text does: for DEL, and for integers that a double does not hold', () => {
    const hashOf = (text: string): string => hash('sha256', text);
    // As json.dumps writes it, and as RFC 8785 does.
    expect(keys.hash('\x7f')).not.toBe(hashOf('"\\u007f"'));
    expect(keys.hash('\x7f')).toBe(hashOf('"\x7f"'));
    for (const integer of [2 ** 53 - 1, 1 - 2 ** 53]) expect(keys.hash(integer)).toBe(hashOf(String(BigInt(integer))));
    for (const integer of [1e20 + 12_345, 1e21]) expect(keys.hash(integer)).not.toBe(hashOf(String(BigInt(integer))));
  });

  it('are still what the script prints', () => {
    const { error, status, stdout, stderr } = spawnSync('python3', [SCRIPT], { encoding: 'utf8' });
    if (error) {
      process.stderr.write(`${SCRIPT} was not run again, because python3 could not be started: ${error.message}\n`);
      return;
    }
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(golden);
  });
});
