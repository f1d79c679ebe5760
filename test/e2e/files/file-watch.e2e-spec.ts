import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/composition/system-clock.js';
import type { AgentCache } from '../../../src/core/cache.js';
import type { CacheEvents } from '../../../src/core/events.js';
import { file, tree } from '../../../src/core/policy/resource.js';
import type { CacheModuleOptions } from '../../../src/nest/cache.module-definition.js';
import { FileWatch } from '../../../src/nest/files/file-watch.js';
import { until } from '../../support/redis-kit.js';
import { boot, closeAll } from '../interception/boot.js';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'agent-cache-watch-')));
});
afterEach(async () => {
  await closeAll();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeFileSync(at(name), text);

/** What is in a file, through a cache that does not look at it. */
const reader =
  (cache: AgentCache) =>
  (name: string): Promise<string> =>
    cache.getOrLoad(`read:${name}`, () => readFile(at(name), 'utf8'), { dependsOn: [file(at(name))], ttl: '1h' });

/** Starts to watch a folder, and resolves when the watcher is there. */
async function watching(options: CacheModuleOptions['files'] = { watch: [folder] }): Promise<{
  cache: AgentCache;
  read: (name: string) => Promise<string>;
  told: CacheEvents['invalidate'][];
  warnings: string[];
}> {
  const { cache, warnings } = await boot({}, { files: options });
  const told: CacheEvents['invalidate'][] = [];
  cache.on('invalidate', (event) => void told.push(event));
  let count = 0;
  await until(() => (write('probe', String(count++)), told.length > 0));
  return { cache, read: reader(cache), told, warnings };
}

describe('files.watch', () => {
  it('makes what depends on a file a miss soon after somebody else has changed it', async () => {
    write('one', 'before');
    write('two', 'before');
    const { read } = await watching();
    expect([await read('one'), await read('two')]).toEqual(['before', 'before']);
    write('one', 'behind');
    await until(async () => (await read('one')) === 'behind');
    renameSync(at('one'), at('two'));
    await until(async () => (await read('two')) === 'behind');
  });

  it('makes what depends on a folder a miss once it is made or removed', async () => {
    const { cache } = await watching();
    const policy = { dependsOn: [tree(at('sub'))], ttl: '1h' } as const;
    let loads = 0;
    const load = (): Promise<number> => cache.getOrLoad('list:sub', () => Promise.resolve(++loads), policy);
    expect([await load(), await load()]).toEqual([1, 1]);
    mkdirSync(at('sub'));
    await until(async () => (await load()) === 2);
    rmSync(at('sub'), { recursive: true });
    await until(async () => (await load()) === 3);
  });

  it('hears nothing of what is ignored', async () => {
    mkdirSync(at('dist'));
    write('dist/one', 'before');
    const { read, told } = await watching({ watch: [folder], ignore: (path) => path.includes('dist') });
    expect(await read('dist/one')).toBe('before');
    write('dist/one', 'behind');
    const heard = told.length;
    await until(() => (write('probe', 'after'), told.length > heard));
    expect(await read('dist/one')).toBe('before');
  });

  it('misses none of a thousand changes at once', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `file-${index}`);
    for (const name of names) write(name, 'before');
    const { read } = await watching();
    for (const name of names) expect(await read(name)).toBe('before');
    for (const name of names) write(name, 'behind');
    for (const name of names) await until(async () => (await read(name)) === 'behind');
  });

  it('is not started without folders, and with a cache that is off', async () => {
    const { warnings } = await boot({}, { enabled: false, files: { watch: [folder] } });
    let loads = 0;
    const load = (): Promise<null> => (loads++, Promise.resolve(null));
    const { cache } = await boot({});
    new FileWatch({}, { cache, clock: systemClock, warn: () => undefined, load }).onApplicationBootstrap();
    expect(warnings).toEqual([]);
    expect(loads).toBe(0);
  });

  it('ends with the app', async () => {
    const { told } = await watching();
    await closeAll();
    const { cache } = await boot({}, { files: { watch: [folder] } });
    await closeAll();
    expect(cache.isOpen).toBe(false);
    const heard = told.length;
    write('probe', 'after the end');
    await until(() => !process.getActiveResourcesInfo().includes('FSEventWrap'));
    expect(told.length).toBe(heard);
  });

  it.each<[string, () => Promise<never> | Promise<null>, RegExp]>([
    ['is not installed', () => Promise.resolve(null), /install the package chokidar/],
    ['cannot be loaded', () => Promise.reject(new Error('broken')), /could not be started/],
    [
      'cannot watch',
      () =>
        Promise.resolve({
          watch: () => {
            throw new Error('no more watches');
          },
        } as never),
      /could not be started/,
    ],
  ])('says once what to do where chokidar %s, and the app goes on', async (_name, load, message) => {
    const { cache } = await boot({});
    const warnings: string[] = [];
    const warn = (text: string): void => void warnings.push(text);
    const watch = new FileWatch({ watch: [folder] }, { cache, clock: systemClock, warn, load });
    watch.onApplicationBootstrap();
    await until(() => warnings.length > 0);
    expect(warnings).toEqual([expect.stringMatching(message)]);
    write('one', 'one');
    expect(await reader(cache)('one')).toBe('one');
    await watch.onApplicationShutdown();
  });
});
