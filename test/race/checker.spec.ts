import { describe, expect, it } from '@jest/globals';
import { Checker, type ReadRecord } from './checker.js';

const LEASE_MS = 600;
const acknowledged = { thing: 1, version: 5, instance: 0, atMs: 1_000, form: 'key' };
const readOf = (instance: number, startedAtMs: number, version: number): ReadRecord => ({
  thing: 1,
  version,
  instance,
  startedAtMs,
  from: 'test',
});

describe('the checker of races', () => {
  it.each([
    ['older, on the instance that invalidated, just after it', readOf(0, 1_000.1, 4), ['own']],
    ['older, on the instance that invalidated, begun before it', readOf(0, 1_000, 4), []],
    ['as new, on the instance that invalidated', readOf(0, 1_000.1, 5), []],
    ['older, on another instance, within the lease', readOf(1, 1_600, 4), []],
    ['older, on another instance, after the lease', readOf(1, 1_600.1, 4), ['elsewhere']],
    ['as new, on another instance, after the lease', readOf(1, 1_600.1, 5), []],
    ['older, of another thing', { ...readOf(0, 2_000, 4), thing: 2 }, []],
  ])('finds what is wrong with a read that is %s', (_, read, kinds) => {
    const checker = new Checker([0, 1], LEASE_MS);
    checker.read(read);
    checker.acknowledge(acknowledged);
    checker.advance(3_000);
    expect(checker.violations.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('takes an outside delete for one of elsewhere', () => {
    const checker = new Checker([0, 1], LEASE_MS);
    checker.acknowledge({ ...acknowledged, form: 'outside' });
    for (const startedAtMs of [1_100, 1_700]) checker.read(readOf(0, startedAtMs, 4));
    checker.advance(3_000);
    expect(checker.violations).toMatchObject([{ kind: 'elsewhere', read: { startedAtMs: 1_700 } }]);
  });

  it('takes what was not confirmed for one that holds for its own instance alone', () => {
    const checker = new Checker([0, 1], LEASE_MS);
    checker.acknowledge({ ...acknowledged, form: 'unconfirmed' });
    for (const instance of [0, 1]) checker.read(readOf(instance, 1_700, 4));
    checker.advance(3_000);
    expect(checker.violations).toMatchObject([{ kind: 'own', read: { instance: 0 } }]);
  });

  it('judges by the greatest version, whatever was acknowledged last', () => {
    const checker = new Checker([0, 1], LEASE_MS);
    checker.acknowledge(acknowledged);
    checker.acknowledge({ ...acknowledged, version: 3, atMs: 1_010 });
    checker.read(readOf(0, 1_020, 4));
    checker.advance(3_000);
    expect(checker.violations).toMatchObject([{ kind: 'own', missed: { version: 5, atMs: 1_000 } }]);
  });

  it('judges a read once all is known that came before it', () => {
    const checker = new Checker([0, 1], LEASE_MS);
    checker.read(readOf(0, 2_000, 4));
    checker.advance(1_500);
    checker.acknowledge({ ...acknowledged, atMs: 1_800 });
    expect(checker.violations).toEqual([]);
    checker.advance(2_000);
    expect(checker.violations).toHaveLength(1);
  });

  it('judges what is read at rest by all that was acknowledged', () => {
    const checker = new Checker([0, 1], LEASE_MS);
    checker.acknowledge(acknowledged);
    checker.judgeQuiescent(readOf(1, 1_001, 4));
    checker.acknowledge({ ...acknowledged, thing: 2, form: 'unconfirmed' });
    checker.judgeQuiescent({ ...readOf(1, 1_001, 4), thing: 2 });
    expect(checker.violations).toMatchObject([{ kind: 'quiescent' }, { kind: 'quiescent' }]);
  });
});
