import { mkdir, mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { everything, file, resource, tree, type Resource } from '../../../src/core/policy/resource.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

let server: RedisServer;
let folder: string;
let caches: readonly [AgentCache, AgentCache];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'resources-')));
  await mkdir(join(folder, 'real/sub'), { recursive: true });
  await symlink('real', join(folder, 'link'));
  await symlink('real/later', join(folder, 'dangling'));
  const prefix = `r-${Math.random().toString(36).slice(2)}`;
  const create = (): AgentCache => createAgentCache({ prefix, redis: { url: server.url, timeout: '2s' } });
  caches = [create(), create()];
  for (const cache of caches) await until(() => cache.set(`probe:${Math.random()}`, 1));
});
afterEach(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  await rm(folder, { recursive: true });
});

const at = (path: string): string => join(folder, path);

/** Whether what depended on one is still served, by both instances, after the other was invalidated by one of them. */
async function survives(
  dependedOn: Resource,
  changed: Resource,
  meanwhile = async (): Promise<void> => {},
): Promise<boolean> {
  const load = (cache: AgentCache, value: number) =>
    cache.getOrLoad('k:1', async () => value, { dependsOn: [dependedOn] });
  const [a, b] = caches;
  expect([await load(a, 1), await load(b, 2)]).toEqual([1, 1]);
  await meanwhile();
  expect(await a.invalidate({ resource: changed })).toEqual({ acknowledged: true });
  const [there, here] = [await load(b, 3), await load(a, 3)];
  expect(here).toBe(there);
  return there === 1;
}

describe('resources on Redis, over two instances', () => {
  it.each<[string, () => Resource, () => Resource, boolean]>([
    ['a file by its name', () => file(at('real/a')), () => file(at('real/a')), false],
    [
      'a file relative to the working folder',
      () => file(relative(process.cwd(), at('real/a'))),
      () => file(at('real/a')),
      false,
    ],
    ['a file through a link', () => file(at('link/a')), () => file(at('real/a')), false],
    ['a file through a link, changed by the link', () => file(at('real/a')), () => file(at('link/a')), false],
    ['a file that is not there yet, through a link', () => file(at('link/x/y')), () => tree(at('real/x')), false],
    ['a file that a link names before it is there', () => file(at('dangling')), () => file(at('real/later')), false],
    ['a tree through a link', () => tree(at('link')), () => file(at('real/sub/a')), false],
    ['a file in a tree', () => file(at('real/sub/a')), () => tree(at('link')), false],
    ['another file', () => file(at('real/a')), () => file(at('real/b')), true],
    ['a tree beside', () => tree(at('real/sub')), () => file(at('real/a')), true],
    ['a thing', () => resource('ticket', '1'), () => resource('ticket', '1'), false],
    ['another thing', () => resource('ticket', '1'), () => resource('ticket', '2'), true],
    ['everything', () => resource('ticket', '1'), everything, false],
  ])('%s', async (_name, dependedOn, changed, isServed) => {
    expect(await survives(dependedOn(), changed())).toBe(isServed);
  });

  it('a link that leads elsewhere by now', async () => {
    const relink = async (): Promise<void> => {
      await mkdir(at('other'));
      await symlink('other', at('link.new'));
      await rename(at('link.new'), at('link'));
    };
    expect(await survives(file(at('link/a')), file(at('link')), relink)).toBe(false);
  });

  it('a hit in memory sends no command, however many files it depends on', async () => {
    const [a] = caches;
    const dependsOn = Array.from({ length: 20 }, (_, index) => file(at(`real/sub/${index}`)));
    const outcomes: (string | undefined)[] = [];
    const load = async (): Promise<void> => {
      const answer = await a.getOrLoad('k:many', async () => ({}), { dependsOn });
      outcomes.push(a.outcomeOf(answer)?.tier ?? undefined);
    };
    await load();
    await until(async () => (await load(), outcomes.at(-1) === 'memory'));
    expect(outcomes.at(-1)).toBe('memory');
  });
});
