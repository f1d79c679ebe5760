import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RealPlaces } from '../../../src/agent/resources/real-places.js';
import { Cascade } from '../../../src/core/policy/cascade.js';
import { file } from '../../../src/core/policy/resource.js';
import { ResourceGroups } from '../../../src/core/policy/resource-groups.js';

describe('where a path leads', () => {
  let folder: string;
  const places = new RealPlaces();
  const at = (path: string): string => `${folder}/${path}`;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'places-')));
    await mkdir(at('real/deep'), { recursive: true });
    await writeFile(at('real/x'), 'behind the link');
    await writeFile(at('x'), 'beside the link');
    await symlink('real/deep', at('link'));
    await symlink('../gone/later', at('real/dangling'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['x', ['x']],
    ['./real//deep/', ['real/deep']],
    ['link', ['link', 'real/deep']],
    ['link/new', ['link/new', 'real/deep/new']],
    ['real/dangling', ['real/dangling', 'gone/later']],
    ['real/../x', ['x']],
    ['nothing/../x', ['x']],
    ['link/../x', ['x', 'real/x']],
    ['link/../new', ['new', 'real/new']],
    ['link/../../x', ['../x', 'x']],
  ])('%s is %j', (path, expected) => {
    const all = expected.map((place) => join(folder, place));
    expect(places.placesOf(at(path))).toEqual(all);
    expect(places.placesOf(relative(process.cwd(), folder) + '/' + path)).toEqual(all);
  });

  it('of an answer that was read behind a link is where a change is told, by either name', () => {
    const groups = new ResourceGroups(new Cascade({}), places);
    const stamped = groups.stamped([file(at('link/../x'))]) ?? [];
    const told = (path: string): string[] =>
      groups.changed([file(at(path))]).filter((group) => stamped.includes(group));
    for (const path of ['x', 'real/x', 'link/../x', 'real']) expect(told(path)).not.toEqual([]);
    expect(told('link')).toEqual([]);
  });
});
