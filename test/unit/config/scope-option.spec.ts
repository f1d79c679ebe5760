import { describe, expect, it } from '@jest/globals';
import { resolveModuleOptions } from '../../../src/nest/config/module-options.js';

const resolve = (scope: unknown): ReturnType<typeof resolveModuleOptions> => resolveModuleOptions({}, { scope }, []);
const nobody = (): undefined => undefined;

describe('the option scope', () => {
  it.each([undefined, {}, { resolve: nobody }, { fromRequest: nobody }, { resolve: undefined, fromRequest: nobody }])(
    'may be %j',
    (scope) => {
      expect(resolve(scope).resolveScope).toBe(scope?.resolve);
    },
  );

  it.each<[unknown, string]>([
    [5, 'scope is 5: expected an object with options'],
    [null, 'scope is null: expected an object with options'],
    [{ fromRequest: 'user' }, "scope.fromRequest is 'user': expected a function of the execution context"],
    [{ fromRequest: null }, 'scope.fromRequest is null: expected a function of the execution context'],
    [{ resolve: 5 }, 'scope.resolve is 5: expected a function'],
    [{ fromRequets: nobody }, 'scope.fromRequets is no option: expected some of resolve, fromRequest'],
    [
      { resolve: nobody, fromRequest: nobody },
      'scope.resolve and scope.fromRequest both say who is asking: give one of them',
    ],
  ])('is refused, in one line, where it is wrong: %j', (scope, problem) => {
    expect(() => resolve(scope)).toThrow(new RegExp(`Correct:\\n  - ${problem}$`));
  });
});
