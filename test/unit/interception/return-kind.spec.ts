import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { EMPTY, map, Observable, Subject } from 'rxjs';
import { declaredKind, kindOfResult } from '../../../src/nest/interception/return-kind.js';

/** As libraries make it whose promises take the place of the global ones. */
const NamesakePromise = { Promise: class extends Promise<void> {} }.Promise;

describe('what a method answers with', () => {
  const kindOf = (type: unknown, method: unknown = function plain() {}): string | null => {
    class Service {}
    if (type !== undefined) Reflect.defineMetadata('design:returntype', type, Service.prototype, 'method');
    return declaredKind(Service.prototype, 'method', method);
  };

  it('is known from an async function, or a declared Promise or Observable', () => {
    expect(kindOf(undefined, async () => 1)).toBe('promise');
    expect(kindOf(Object, async () => 1)).toBe('promise');
    expect(kindOf(Promise)).toBe('promise');
    expect(kindOf(Observable)).toBe('observable');
  });

  it('is not known from a declaration the compiler has no class for, or one of something like a Promise', () => {
    class Query {
      then(): void {}
    }
    for (const type of [undefined, Object, Query, Subject, NamesakePromise]) expect(kindOf(type)).toBeNull();
  });

  it.each([String, Number, Boolean, Array, Map, Function, Symbol, BigInt, class Price {}])(
    'is refused where it is declared to come at once: %s',
    (type) => {
      expect(() => kindOf(type)).toThrow(TypeError);
    },
  );

  it('is refused for what is no method', () => {
    for (const method of [null, 5, {}]) expect(() => kindOf(undefined, method)).toThrow('is not a method');
  });

  it('shows in a result', () => {
    expect(kindOfResult(Promise.resolve(1))).toBe('promise');
    expect(kindOfResult(runInNewContext('Promise.resolve(1)'))).toBe('promise');
    expect(kindOfResult(EMPTY)).toBe('observable');
    expect(kindOfResult(new Subject().pipe(map(String)))).toBe('observable');
  });

  it('shows in a promise that an async function answers within an asynchronous context, which Node marks', async () => {
    const answer = new AsyncLocalStorage<number>().run(1, async () => 1);
    expect(kindOfResult(answer)).toBe('promise');
    expect(await answer).toBe(1);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'text'],
    ['a Subject', new Subject()],
    ['an object that can be awaited', { then: () => undefined }],
    ['an object without a prototype', Object.create(null)],
    ['a promise that can be cancelled', Object.assign(Promise.resolve(1), { cancel: () => undefined })],
    ['a promise of a library', new (class Promise2 extends Promise<void> {})(() => undefined)],
    ['a promise of a library that gives it the usual name', new NamesakePromise(() => undefined)],
    ['a generator', (function* () {})()],
    [
      'a proxy that refuses to be looked at',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no');
          },
        },
      ),
    ],
  ])('is left as it is: %s', (_name, result) => {
    expect(kindOfResult(result)).toBeNull();
  });
});
