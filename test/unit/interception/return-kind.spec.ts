import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { EMPTY, Observable, Subject } from 'rxjs';
import { declaredKind, kindOfResult } from '../../../src/nest/interception/return-kind.js';

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
    for (const type of [undefined, Object, Query, Subject]) expect(kindOf(type)).toBeNull();
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
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'text'],
    ['a Subject', new Subject()],
    ['an object that can be awaited', { then: () => undefined }],
    ['an object without a prototype', Object.create(null)],
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
    expect(kindOfResult(result)).toBe('other');
  });
});
