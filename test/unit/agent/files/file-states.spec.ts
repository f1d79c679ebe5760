import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { relative } from 'node:path';
import { LocalFileStates } from '../../../../src/agent/files/file-states.js';
import { everything, resource, type Resource } from '../../../../src/core/policy/resource.js';
import { Folder } from './folder.js';

/** So late that no file is too young. */
const LATER = { now: () => Date.now() + 60_000 };
/** Paths as they are given, whatever they are. */
const file = (path: string): Resource => ({ type: 'file', id: path });
const tree = (path: string): Resource => ({ type: 'tree', id: path });
const repoint = (link: string, target: string): void => {
  unlinkSync(link);
  symlinkSync(target, link);
};

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

type How = 'stat' | 'content';
type Change = (folder: Folder) => void;

async function stateOf(resources: readonly Resource[], how: How = 'stat'): Promise<string> {
  const state = await new LocalFileStates(LATER).of(resources, how);
  expect(state).toMatch(/^[0-9a-f]{64}$/);
  return state as string;
}

/** Whether a change shows. */
async function shows(resources: readonly Resource[], change: Change, how: How = 'stat'): Promise<boolean> {
  const before = await stateOf(resources, how);
  expect(await stateOf(resources, how)).toBe(before);
  folder.tick();
  change(folder);
  return (await stateOf(resources, how)) !== before;
}

/** What changes the content of `a/b/one`, which holds `before`. */
const CONTENT_CHANGES: [string, Change][] = [
  ['another text', (at) => at.write('a/b/one', 'another one')],
  ['another text of the same size', (at) => at.write('a/b/one', 'behind')],
  ['another text of the same size under the old times', (at) => at.writeUnderOldTimes('a/b/one', 'behind')],
  ['an append', (at) => appendFileSync(at.at('a/b/one'), '!')],
  ['a truncation', (at) => truncateSync(at.at('a/b/one'), 3)],
  ['a truncation to nothing', (at) => truncateSync(at.at('a/b/one'), 0)],
  ['a deletion', (at) => unlinkSync(at.at('a/b/one'))],
  ['a deletion of its folder', (at) => rmSync(at.at('a'), { recursive: true })],
  ['a folder in its place', (at) => (unlinkSync(at.at('a/b/one')), mkdirSync(at.at('a/b/one')))],
  ['a file in the place of its folder', (at) => (rmSync(at.at('a'), { recursive: true }), at.write('a', 'before'))],
  [
    'a link in its place',
    (at) => (renameSync(at.at('a/b/one'), at.at('x')), symlinkSync(at.at('x'), at.at('a/b/one'))),
  ],
  [
    'a file renamed over it, of the same size and time',
    (at) => {
      const { atime, mtime } = lstatSync(at.at('a/b/one'));
      at.write('x', 'behind');
      utimesSync(at.at('x'), atime, mtime);
      renameSync(at.at('x'), at.at('a/b/one'));
    },
  ],
  [
    'another file of the same size under its name',
    (at) => {
      unlinkSync(at.at('a/b/one'));
      at.write('a/b/one', 'behind');
    },
  ],
  [
    'a change through another name of the same file',
    (at) => (linkSync(at.at('a/b/one'), at.at('x')), at.write('x', 'behind')),
  ],
];

/** What leaves the content of `a/b/one` as it is, in the end. */
const PASSING_CHANGES: [string, Change][] = [
  ['a change and back', (at) => (at.write('a/b/one', 'behind'), at.writeUnderOldTimes('a/b/one', 'before'))],
  ['a deletion and the same file anew', (at) => (unlinkSync(at.at('a/b/one')), at.write('a/b/one', 'before'))],
  [
    'another file in its place and back',
    (at) => {
      renameSync(at.at('a/b/one'), at.at('x'));
      at.write('a/b/one', 'behind');
      renameSync(at.at('x'), at.at('a/b/one'));
    },
  ],
  ['new times', (at) => utimesSync(at.at('a/b/one'), 1, 1)],
  ['a new mode', (at) => chmodSync(at.at('a/b/one'), 0o640)],
];

describe.each<[string, (at: Folder) => Resource]>([
  ['a file', (at) => file(at.at('a/b/one'))],
  ['the folder it lies in', (at) => tree(at.at('a/b'))],
  ['a folder above', (at) => tree(at.path)],
  ['the path of the file, given for a folder', (at) => tree(at.at('a/b/one'))],
])('the state of %s', (_name, resourceIn) => {
  beforeEach(() => folder.write('a/b/one', 'before'));

  it.each(CONTENT_CHANGES)('is another one after %s', async (_change, change) => {
    expect(await shows([resourceIn(folder)], change)).toBe(true);
  });
  it.each(CONTENT_CHANGES)('is another one by content after %s', async (_change, change) => {
    expect(await shows([resourceIn(folder)], change, 'content')).toBe(true);
  });
  it.each(PASSING_CHANGES)('is another one after %s', async (_change, change) => {
    expect(await shows([resourceIn(folder)], change)).toBe(true);
  });
});

describe('by content', () => {
  it.each(PASSING_CHANGES)('a file is the same after %s', async (_change, change) => {
    folder.write('a/b/one', 'before');
    expect(await shows([file(folder.at('a/b/one'))], change, 'content')).toBe(false);
    expect(await shows([tree(folder.at('a'))], (at) => at.write('x', 'outside'), 'content')).toBe(false);
  });

  it('tells files apart that end and begin alike', async () => {
    const long = 'x'.repeat(200_000);
    folder.write('one', `${long}a${long}`);
    expect(await shows([file(folder.at('one'))], (at) => at.write('one', `${long}b${long}`), 'content')).toBe(true);
  });

  it('does not count what a folder above holds', async () => {
    folder.write('a/one', 'one');
    expect(await shows([file(folder.at('a/one'))], (at) => at.write('a/two', 'two'), 'content')).toBe(false);
  });

  it('a file that changes while it is read is not known', async () => {
    folder.write('one', 'x'.repeat(4_000_000));
    let isAnswered = false;
    const answer = new LocalFileStates(LATER)
      .of([file(folder.at('one'))], 'content')
      .finally(() => (isAnswered = true));
    while (!isAnswered) {
      appendFileSync(folder.at('one'), '!');
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(await answer).toBeNull();
  });

  it('files of more than the limit in all are not read', async () => {
    folder.write('one', 'x'.repeat(60));
    folder.write('two', 'x'.repeat(41));
    const states = new LocalFileStates(LATER, { entries: 10, bytes: 100 });
    expect(await states.of([file(folder.at('one'))], 'content')).not.toBeNull();
    expect(await states.of([file(folder.at('one')), file(folder.at('two'))], 'content')).toBeNull();
    expect(await states.of([tree(folder.path)], 'content')).toBeNull();
    expect(await states.of([tree(folder.path)], 'stat')).not.toBeNull();
  });
});

describe.each<How>(['stat', 'content'])('what is not there (%s)', (how) => {
  it.each<[string, string, Change]>([
    ['of a file', 'one', (at) => at.write('one', '')],
    ['of a file in a folder that is not there', 'a/b/one', (at) => at.write('a/b/one', '')],
    ['of a file below a file', 'two/one', (at) => (unlinkSync(at.at('two')), at.write('two/one', ''))],
    ['of the target of a link', 'link', (at) => at.write('target', '')],
  ])('shows when it comes: %s', async (_name, name, change) => {
    folder.write('two', 'two');
    symlinkSync('target', folder.at('link'));
    expect(await shows([file(folder.at(name))], change, how)).toBe(true);
  });
});

describe('what is not there', () => {
  it('shows that it came and went', async () => {
    const comeAndGo: Change = (at) => (at.write('one', 'one'), unlinkSync(at.at('one')));
    expect(await shows([file(folder.at('one'))], comeAndGo)).toBe(true);
    expect(await shows([tree(folder.path)], comeAndGo)).toBe(true);
  });
});

describe.each<How>(['stat', 'content'])('links (%s)', (how) => {
  beforeEach(() => {
    for (const name of ['first/one', 'second/one']) folder.write(name, 'the same');
    folder.write('third', 'the same');
    symlinkSync('first/one', folder.at('link'));
    symlinkSync(folder.at('link'), folder.at('chain'));
    symlinkSync('first', folder.at('current'));
    symlinkSync('../link', folder.at('second/up'));
  });

  it.each<[string, string, Change]>([
    ['a link to a copy', 'link', (at) => repoint(at.at('link'), 'second/one')],
    ['a link in a chain', 'chain', (at) => repoint(at.at('link'), 'second/one')],
    ['the first link of a chain', 'chain', (at) => repoint(at.at('chain'), 'second/one')],
    ['a link in the middle of the path', 'current/one', (at) => repoint(at.at('current'), 'second')],
    ['a link before ..', 'current/../third', (at) => repoint(at.at('current'), '/')],
    ['a link to nothing', 'link', (at) => repoint(at.at('link'), 'nowhere')],
    ['a link to itself', 'link', (at) => repoint(at.at('link'), 'link')],
    [
      'a link, now a file',
      'link',
      (at) => (unlinkSync(at.at('link')), copyFileSync(at.at('first/one'), at.at('link'))),
    ],
    ['the file behind a link', 'link', (at) => at.write('first/one', 'another')],
    ['the file behind a link in the middle', 'current/one', (at) => at.write('first/one', 'another')],
    ['the file behind a chain', 'second/up', (at) => at.write('first/one', 'another')],
  ])('show when they change: %s', async (_name, name, change) => {
    // Not joined, since that would leave out what stands before `..`.
    expect(await shows([file(`${folder.path}/${name}`)], change, how)).toBe(true);
  });

  it.each<[string, Change]>([
    ['a link is re-pointed to a copy', (at) => repoint(at.at('second/up'), 'one')],
    ['a link outside is re-pointed to a copy', (at) => repoint(at.at('link'), 'second/one')],
    ['the file outside changes', (at) => at.write('first/one', 'another')],
  ])('show below a folder: %s', async (_name, change) => {
    expect(await shows([tree(folder.at('second'))], change, how)).toBe(true);
  });

  it('lead to folders whose files count, too', async () => {
    symlinkSync(folder.at('first'), folder.at('second/more'));
    const change: Change = (at) => at.write('first/deep/two', 'new');
    expect(await shows([tree(folder.at('second'))], change, how)).toBe(true);
    expect(await shows([tree(folder.at('current'))], (at) => at.write('first/deep/two', 'newer'), how)).toBe(true);
  });

  it('in a circle end', async () => {
    symlinkSync('..', folder.at('first/above'));
    symlinkSync('itself', folder.at('first/itself'));
    symlinkSync('.', folder.at('first/here'));
    const change: Change = (at) => at.write('second/two', 'two');
    expect(await shows([tree(folder.at('first'))], change, how)).toBe(true);
    expect(await shows([file(folder.at('first/itself'))], (at) => repoint(at.at('first/itself'), 'one'), how)).toBe(
      true,
    );
  });
});

describe('links', () => {
  it('show that they pointed elsewhere for a while', async () => {
    folder.write('one', 'one');
    symlinkSync('one', folder.at('link'));
    const change: Change = (at) => (repoint(at.at('link'), 'two'), repoint(at.at('link'), 'one'));
    expect(await shows([file(folder.at('link'))], change)).toBe(true);
  });
});

describe.each<How>(['stat', 'content'])('folders (%s)', (how) => {
  beforeEach(() => {
    for (const name of ['a/one', 'a/two', 'b/one', 'b/two']) folder.write(name, 'the same');
  });

  it.each<[string, Change]>([
    ['a new file', (at) => at.write('a/three', '')],
    ['a new folder', (at) => mkdirSync(at.at('a/three'))],
    ['a new name', (at) => renameSync(at.at('a/two'), at.at('a/three'))],
    ['a new folder below', (at) => mkdirSync(at.at('a/c/d'), { recursive: true })],
    ['a file that has gone', (at) => unlinkSync(at.at('a/two'))],
    ['a file that moved into it', (at) => renameSync(at.at('b/two'), at.at('a/three'))],
    ['a file that is a folder now', (at) => (unlinkSync(at.at('a/two')), mkdirSync(at.at('a/two')))],
    ['a new link', (at) => symlinkSync('one', at.at('a/three'))],
    ['a hidden file', (at) => at.write('a/.three', '')],
    ['a name with a line break in it', (at) => renameSync(at.at('a/two'), at.at('a/two\n3:one'))],
    ['a folder that is gone', (at) => rmSync(at.at('a'), { recursive: true })],
    [
      'another folder of that name',
      (at) => (rmSync(at.at('b/one')), renameSync(at.at('a'), at.at('c')), renameSync(at.at('b'), at.at('a'))),
    ],
  ])('show %s', async (_name, change) => {
    expect(await shows([tree(folder.at('a'))], change, how)).toBe(true);
  });

  it('given for a file show what is in them, without what is in the folders below', async () => {
    folder.write('a/deep/one', 'one');
    for (const change of [
      (at: Folder) => at.write('a/three', ''),
      (at: Folder) => at.write('a/three', 'another size'),
      (at: Folder) => renameSync(at.at('a/three'), at.at('a/four')),
      (at: Folder) => (unlinkSync(at.at('a/four')), mkdirSync(at.at('a/four'))),
      (at: Folder) => rmSync(at.at('a/four'), { recursive: true }),
    ]) {
      expect(await shows([file(folder.at('a'))], change, how)).toBe(true);
    }
    expect(await shows([file(folder.at('a'))], (at) => at.write('a/deep/one', 'two'), how)).toBe(false);
  });

  it('are the same in another process, and whoever walks them first', async () => {
    for (let index = 0; index < 100; index++) folder.write(`a/${index % 10}/${index}`, 'x');
    symlinkSync('..', folder.at('a/3/above'));
    symlinkSync('../3', folder.at('a/7/beside'));
    const states = await Promise.all(Array.from({ length: 8 }, () => stateOf([tree(folder.at('a'))], how)));
    expect(new Set(states).size).toBe(1);
  });

  it('with more in them than the limit are not known', async () => {
    const states = new LocalFileStates(LATER, { entries: 6, bytes: 1_000 });
    expect(await states.of([tree(folder.path)], how)).not.toBeNull();
    folder.write('b/c', '');
    expect(await states.of([tree(folder.path)], how)).toBeNull();
    // Each answer has the limit to itself.
    expect(await states.of([tree(folder.at('a'))], how)).not.toBeNull();
  });
});

describe('the time', () => {
  const GRAIN_MS = 50;
  /** The state of `one` for a look at so many milliseconds after its last change. */
  async function stateAfter(ms: number, path = folder.at('one')): Promise<string | null> {
    const { ctimeNs } = lstatSync(path, { bigint: true });
    const nowMs = Number(ctimeNs / 1_000_000n) + ms;
    return new LocalFileStates({ now: () => nowMs }).of([file(path)], 'stat');
  }

  beforeEach(() => {
    folder.write('one', 'one');
    symlinkSync('nothing', folder.at('link'));
  });

  it('of the last change within the grain of the clock is not trusted', async () => {
    expect(await stateAfter(0)).toBeNull();
    expect(await stateAfter(GRAIN_MS - 1)).toBeNull();
    expect(await stateAfter(GRAIN_MS + 1)).not.toBeNull();
  });

  it('of the last change in the future is not trusted', async () => {
    expect(await stateAfter(-5_000)).toBeNull();
  });

  it('in the future that a file was given is not trusted', async () => {
    utimesSync(folder.at('one'), new Date(), new Date(Date.now() + 60_000.5));
    expect(await stateAfter(1_000)).toBeNull();
  });

  it('of a whole second is not trusted for two', async () => {
    const second = Math.floor(Date.now() / 1_000);
    utimesSync(folder.at('one'), second, second);
    const at = (ms: number): Promise<string | null> =>
      new LocalFileStates({ now: () => second * 1_000 + ms }).of([file(folder.at('one'))], 'stat');
    expect(await at(2_000)).toBeNull();
    expect(await at(3_100)).not.toBeNull();
  });

  it.each(['stat', 'content'] as const)('of a folder and of a link counts as well, by %s', async (how) => {
    const states = new LocalFileStates({ now: () => Date.now() - 1_000 });
    const isKnown = how === 'content';
    for (const path of [folder.path, folder.at('link')])
      expect((await states.of([file(path)], how)) !== null).toBe(isKnown);
    expect((await states.of([tree(folder.path)], how)) !== null).toBe(isKnown);
  });
});

describe('LocalFileStates', () => {
  it.each<How>(['stat', 'content'])('does not know by %s what cannot be looked at', async (how) => {
    const states = new LocalFileStates(LATER);
    for (const path of ['a\0b', 'x'.repeat(5_000), '/dev/null']) {
      expect(await states.of([file(path)], how)).toBeNull();
      expect(await states.of([tree(path)], how)).toBeNull();
    }
    expect(await states.of([everything()], how)).toBeNull();
  });

  it('does not know one of many', async () => {
    folder.write('one', 'one');
    expect(await new LocalFileStates(LATER).of([file(folder.at('one')), file('a\0b')], 'stat')).toBeNull();
  });

  it('takes no file for another one, and no folder for a file', async () => {
    folder.write('one', 'same');
    folder.write('two', 'same');
    const all = [
      [file('one')],
      [file('two')],
      [file('one'), file('two')],
      [file('two'), file('one')],
      [tree('one')],
      [],
    ];
    const given = all.map((resources) => resources.map(({ type, id }) => ({ type, id: folder.at(id) })));
    for (const how of ['stat', 'content'] as const) {
      const states = await Promise.all(given.map((resources) => stateOf(resources, how)));
      // A folder that is a file is that file.
      expect(new Set(states).size).toBe(all.length - 1);
    }
  });

  it('does not count other resources', async () => {
    folder.write('one', 'one');
    const known = (id: string): Promise<string> => stateOf([file(folder.at('one')), resource('ticket', id)]);
    expect(await known('1')).toBe(await known('2'));
  });

  it('begins relative paths at the working folder', async () => {
    folder.write('one', 'one');
    const path = relative(process.cwd(), folder.at('one'));
    expect(path.startsWith('..')).toBe(true);
    expect(await shows([file(path)], (at) => at.write('one', 'two'))).toBe(true);
  });

  it('answers many at once without opening more files than a few', async () => {
    for (let index = 0; index < 200; index++) folder.write(`a/${index}`, 'x');
    const states = new LocalFileStates(LATER);
    let most = 0;
    let isAnswered = false;
    const answers = Promise.all(Array.from({ length: 20 }, () => states.of([tree(folder.path)], 'content'))).finally(
      () => (isAnswered = true),
    );
    while (!isAnswered) {
      most = Math.max(most, openIn(folder.path));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(new Set(await answers).size).toBe(1);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(8);
    expect(openIn(folder.path)).toBe(0);
  });
});

/** Files of a folder that this process has open. */
function openIn(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => linkOf(`/proc/self/fd/${fd}`).startsWith(path)).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
