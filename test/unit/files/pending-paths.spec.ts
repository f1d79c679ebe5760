import { describe, expect, it } from '@jest/globals';
import { PendingPaths } from '../../../src/nest/files/pending-paths.js';

describe('PendingPaths', () => {
  it('names each path once, and is empty when it has told them', () => {
    const pending = new PendingPaths();
    expect(pending.isEmpty).toBe(true);
    for (const path of ['a', 'b', 'a']) pending.addFile(path);
    pending.addFolder('a');
    expect(pending.isEmpty).toBe(false);
    expect(pending.take()).toEqual({ files: ['a', 'b'], folders: ['a'] });
    expect(pending.isEmpty).toBe(true);
    expect(pending.take()).toEqual({ files: [], folders: [] });
  });

  it.each(['addFile', 'addFolder'] as const)('names a hundred, and past that everything, with %s', (add) => {
    const pending = new PendingPaths();
    for (let index = 0; index < 100; index++) pending[add](String(index));
    expect(pending.take()).not.toBe('everything');
    for (let index = 0; index < 101; index++) pending[add](String(index));
    pending.addFile('more');
    expect(pending.isEmpty).toBe(false);
    expect(pending.take()).toBe('everything');
    pending.addFile('more');
    expect(pending.take()).toEqual({ files: ['more'], folders: [] });
  });
});
