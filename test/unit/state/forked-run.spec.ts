import { describe, expect, it } from '@jest/globals';
import { CacheArgumentError } from '../../../src/core/errors.js';
import { Cascade } from '../../../src/core/policy/cascade.js';
import { ResourceGroups } from '../../../src/core/policy/resource-groups.js';
import { everything, file, tree, type Resource } from '../../../src/core/policy/resource.js';
import { chainOfText, textOfChain } from '../../../src/core/state/chain-text.js';
import { ForkedRun } from '../../../src/core/state/forked-run.js';
import { ForkedRuns, type EnteredRun } from '../../../src/core/state/forked-runs.js';
import { stateDigest } from '../../../src/core/state/state-text.js';

const resources = new ResourceGroups(new Cascade({}));
const BASE = stateDigest('base', 'repo@1');
const runOf = (): ForkedRun => new ForkedRun(resources, { base: BASE, root: BASE, versions: new Map() });

interface Done {
  readonly mutates: readonly Resource[];
  readonly dependsOn?: readonly Resource[];
  readonly isKnown?: boolean;
}
const A = file('/w/a');
const B = file('/w/b');

/** A run that has made these writes, each named by its key. */
function after(...writes: readonly (readonly [key: string | null, Done])[]): ForkedRun {
  const run = runOf();
  for (const [key, { isKnown = true, ...done }] of writes) run.begin({ key, ...done }).end(isKnown);
  return run;
}
const areSame = (one: ForkedRun, other: ForkedRun, resource: Resource): boolean => {
  const state = one.stateOf([resource]);
  expect(state).not.toBeNull();
  return state === other.stateOf([resource]);
};
const writeA = ['write a', { mutates: [A] }] as const;
const writeB = ['write b', { mutates: [B] }] as const;

describe('the state of a copy', () => {
  it('is the base where nothing was written to it, whatever was written elsewhere', () => {
    expect(areSame(after(writeA), runOf(), B)).toBe(true);
    expect(areSame(after(writeA), runOf(), A)).toBe(false);
  });

  it.each<[string, Resource]>([
    ['the tree above', tree('/w')],
    ['the entries of its folder', file('/w')],
    ['everything', everything()],
  ])('is another one for %s after a write to a file', (_name, resource) => {
    expect(areSame(after(writeA), runOf(), resource)).toBe(false);
    expect(areSame(after(writeA), after(writeB), resource)).toBe(false);
    expect(areSame(after(writeA, writeB), after(writeB), resource)).toBe(false);
  });

  it.each<[string, Resource]>([
    ['a tree above', tree('/')],
    ['everything', everything()],
  ])('is another one for a file after a write to %s', (_name, resource) => {
    expect(areSame(after(['sweep', { mutates: [resource] }]), runOf(), A)).toBe(false);
  });

  it('is the same after equal chains', () => {
    expect(areSame(after(writeA, writeA), after(writeA, writeA), A)).toBe(true);
    expect(areSame(after(writeA, writeA), after(writeA), A)).toBe(false);
    expect(areSame(after(writeB, writeA), after(writeA), A)).toBe(true);
    expect(areSame(after(writeA), after(['append a', { mutates: [A] }]), A)).toBe(false);
  });

  it('tells the order of writes that meet', () => {
    const sweep = ['sweep', { mutates: [tree('/w')] }] as const;
    expect(areSame(after(writeA, sweep), after(sweep, writeA), A)).toBe(false);
    expect(areSame(after(writeA, sweep), after(sweep, writeA), tree('/w'))).toBe(false);
    const anything = ['shell', { mutates: [everything()] }] as const;
    expect(areSame(after(writeA, anything), after(anything, writeA), A)).toBe(false);
    // It may have copied what was written there.
    expect(areSame(after(writeA, anything), after(anything), B)).toBe(false);
  });

  it('holds what a write depends on', () => {
    const copy = ['copy a b', { mutates: [B], dependsOn: [A] }] as const;
    expect(areSame(after(writeA, copy), after(copy), B)).toBe(false);
    const move = ['move a b', { mutates: [A, B] }] as const;
    expect(areSame(after(writeA, move), after(move), B)).toBe(false);
  });

  it('is nobody else’s after a write of which nobody knows what it did', () => {
    const half = ['write a', { mutates: [A], isKnown: false }] as const;
    expect(areSame(after(half), after(half), A)).toBe(false);
    expect(areSame(after([null, { mutates: [A] }]), after([null, { mutates: [A] }]), A)).toBe(false);
    expect(areSame(after(half), runOf(), B)).toBe(true);
  });

  it('is not known while it is being written, and not what it was before', () => {
    const run = runOf();
    const before = run.stateOf([A]);
    const write = run.begin({ key: 'write a', mutates: [A] });
    expect([run.stateOf([A]), run.stateOf([tree('/w')]), run.stateOf([everything()])]).toEqual([null, null, null]);
    expect(run.stateOf([B])).toBe(before);
    write.end(true);
    write.end(false);
    expect(areSame(run, after(writeA), A)).toBe(true);
  });

  it('is nobody else’s after writes that met under way', () => {
    const meeting = (): ForkedRun => {
      const run = runOf();
      const first = run.begin({ key: 'write a', mutates: [A] });
      const second = run.begin({ key: 'append a', mutates: [A] });
      first.end(true);
      second.end(true);
      return run;
    };
    expect(areSame(meeting(), meeting(), A)).toBe(false);
    expect(areSame(meeting(), runOf(), B)).toBe(true);
  });

  it('is shared after writes that were under way together and did not meet', () => {
    const run = runOf();
    const [first, second] = [writeA, writeB].map(([key, done]) => run.begin({ key, ...done }));
    second?.end(true);
    first?.end(true);
    expect(areSame(run, after(writeA, writeB), A)).toBe(true);
    expect(areSame(run, after(writeB, writeA), tree('/w'))).toBe(true);
  });

  it('stays bounded: past 10,000 groups all that was written counts for everything', () => {
    const many = (): ForkedRun =>
      after(...Array.from({ length: 3_400 }, (_, index) => ['write', { mutates: [file(`/m/${index}`)] }] as const));
    const run = many();
    expect(run.chain().versions.size).toBeLessThan(10_000);
    expect(areSame(run, runOf(), B)).toBe(false);
    expect(areSame(run, many(), B)).toBe(true);
  });
});

describe('a chain that is handed on', () => {
  it('leads to the same states', () => {
    const run = after(writeA, ['sweep', { mutates: [tree('/w/x')] }]);
    const text = textOfChain(run.chain());
    const there = new ForkedRun(resources, chainOfText(text, BASE));
    for (const resource of [A, B, tree('/w'), file('/w/x/y'), everything()])
      expect(areSame(there, run, resource)).toBe(true);
    for (const each of [there, run]) each.begin({ key: 'more', mutates: [B] }).end(true);
    expect(areSame(there, run, tree('/w'))).toBe(true);
  });

  it('is small, and names nothing', () => {
    const text = textOfChain(after(['write', { mutates: [file('/w/secret-plan.md')] }]).chain());
    expect(text.length).toBeLessThan(400);
    expect(text).not.toContain('secret');
    expect(textOfChain(after(writeA, writeA, writeA).chain())).toHaveLength(textOfChain(after(writeA).chain()).length);
  });

  it('is nobody else’s while something is being written', () => {
    const run = runOf();
    run.begin({ key: 'write a', mutates: [A] });
    const [one, other] = [run.chain(), run.chain()].map((chain) => new ForkedRun(resources, chain));
    expect(areSame(one!, other!, A)).toBe(false);
    expect(areSame(one!, runOf(), B)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['no text', 5],
    ['of another form', '2.abc'],
    ['cut off', textOfChain(after(writeA).chain()).slice(0, -4)],
    ['with more behind it', `${textOfChain(after(writeA).chain())}!`],
    ['of another base', textOfChain({ base: stateDigest('other'), root: BASE, versions: new Map() })],
  ])('is refused: %s', (_name, text) => {
    expect(() => chainOfText(text, BASE)).toThrow(CacheArgumentError);
  });
});

describe('the runs of a process', () => {
  const scope = (session: string): { readonly session: string } => ({ session });
  const enter = (runs: ForkedRuns, session: string, more: object = {}): EnteredRun =>
    runs.enter({ base: 'repo@1', scope: { session, ...more } });
  const write = ({ run }: EnteredRun): void => run.begin({ key: 'write a', mutates: [A] }).end(true);

  it('know a session that comes back', () => {
    const runs = new ForkedRuns(resources);
    const first = enter(runs, 's');
    write(first);
    first.leave();
    expect(areSame(enter(runs, 's').run, first.run, A)).toBe(true);
    expect(areSame(enter(runs, 'other').run, runOf(), A)).toBe(true);
    expect(areSame(enter(runs, 's', { tenant: 't' }).run, runOf(), A)).toBe(true);
  });

  it('give a session that was forgotten after it had written a chain that nobody has', () => {
    const runs = new ForkedRuns(resources, 2);
    for (const session of ['writes', 'reads', 'x', 'y', 'z']) {
      const entered = enter(runs, session);
      if (session === 'writes') write(entered);
      entered.leave();
    }
    expect(areSame(enter(runs, 'writes').run, runOf(), B)).toBe(false);
    expect(areSame(enter(runs, 'writes').run, enter(runs, 'reads').run, B)).toBe(false);
    expect(areSame(enter(runs, 'reads').run, runOf(), B)).toBe(true);
    expect(areSame(enter(runs, 'new').run, runOf(), B)).toBe(true);
  });

  it('forget no session in which something runs', () => {
    const runs = new ForkedRuns(resources, 1);
    const active = enter(runs, 'active');
    for (let index = 0; index < 10; index++) enter(runs, `s${index}`).leave();
    expect(active.run.stateOf([A])).not.toBeNull();
    write(active);
    expect(areSame(enter(runs, 'active').run, after(writeA), A)).toBe(true);
  });

  it('know nothing any more of a run that was forgotten while something of it went on', () => {
    const runs = new ForkedRuns(resources, 1);
    const left = enter(runs, 'left');
    left.leave();
    enter(runs, 'x').leave();
    expect(left.run.stateOf([A])).toBeNull();
    const back = enter(runs, 'left');
    expect(areSame(back.run, runOf(), A)).toBe(true);
    write(left);
    expect(back.run.stateOf([A])).toBeNull();
  });

  it('know nothing of a session that two are said to have', () => {
    const runs = new ForkedRuns(resources);
    const alice = enter(runs, 's', { principal: 'alice' });
    const bob = enter(runs, 's', { principal: 'bob' });
    expect([alice.run.stateOf([A]), bob.run.stateOf([A])]).toEqual([null, null]);
  });

  it('take a chain over from another process, and not while the session runs here with another one', () => {
    const runs = new ForkedRuns(resources);
    const chain = textOfChain(after(writeA).chain());
    const at = (session: string): EnteredRun => runs.enter({ base: 'repo@1', scope: scope(session), chain });
    enter(runs, 's').leave();
    const there = at('s');
    expect(areSame(there.run, after(writeA), A)).toBe(true);
    expect(at('s').run).toBe(there.run);
    const running = enter(runs, 'running');
    expect(at('running').run.stateOf([A])).toBeNull();
    expect(running.run.stateOf([A])).toBeNull();
  });
});
