import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { OutcomeLog } from '../../../src/core/outcome-log.js';
import type { Outcome } from '../../../src/core/policy/cache-policy.js';

const outcome = (key: string): Outcome => ({ status: 'hit', tier: 'memory', ageMs: 0, key });

describe('an outcome', () => {
  it.each<[string, object]>([
    ['a plain object', { a: 1 }],
    ['an array', [1]],
    ['a frozen object', Object.freeze({ a: 1 })],
    ['an object without a prototype', Object.create(null) as object],
    ['a Map', new Map([[1, 2]])],
    ['bytes', new Float32Array(3)],
    ['a proxy', new Proxy({}, {})],
  ])('is told of %s, the latest one', (_, result) => {
    const log = new OutcomeLog();
    expect(log.of(result)).toBeUndefined();
    log.record(result, outcome('first'));
    log.record(result, outcome('second'));
    expect(log.of(result)).toEqual(outcome('second'));
  });

  it.each([['a text'], [1], [null], [undefined]])('is not told of %p', (result) => {
    const log = new OutcomeLog();
    log.record(result, outcome('k'));
    expect(log.of(result)).toBeUndefined();
  });

  it('is seen by nobody else, and not copied with the result', () => {
    const result = { a: 1 };
    const log = new OutcomeLog();
    log.record(result, outcome('k'));
    expect(Reflect.ownKeys(result)).toEqual(['a']);
    expect(result).toStrictEqual({ a: 1 });
    expect(inspect(result, { showHidden: true })).toBe('{ a: 1 }');
    expect([{ ...result }, structuredClone(result)].map((copy) => log.of(copy))).toEqual([undefined, undefined]);
  });

  it('is told of what takes no private field, as frozen objects will not in later engines', () => {
    const refuse = (): void => {
      throw new TypeError('Cannot define #outcome, object is not extensible');
    };
    const log = new OutcomeLog({ record: refuse, of: () => undefined });
    const result = Object.freeze({ a: 1 });
    log.record(result, outcome('k'));
    expect(log.of(result)).toEqual(outcome('k'));
  });
});
