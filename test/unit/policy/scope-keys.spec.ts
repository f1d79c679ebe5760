import { describe, expect, it } from '@jest/globals';
import { CacheScope } from '../../../src/composition/cache-scope.js';
import { CacheArgumentError } from '../../../src/core/errors.js';
import type { ScopeLevel, ScopeValues } from '../../../src/core/policy/scope.js';
import { ScopeKeys } from '../../../src/core/scope-key.js';

const LEVELS: (ScopeLevel | undefined)[] = [undefined, 'public', 'tenant', 'principal', 'workspace', 'session'];

describe('the scope of a call', () => {
  it('is the same at every call in one run(), for each level', () => {
    const scope = new CacheScope();
    const keys = new ScopeKeys(scope);
    const suffixes = () => LEVELS.map((level) => keys.of(level)?.suffix ?? null);
    scope.run({ tenant: 'acme', principal: 'a:b' }, () => {
      const all = ':@tenant=acme@principal=a%3Ab';
      for (let time = 0; time < 2; time++) expect(suffixes()).toEqual([all, '', ':@tenant=acme', all, null, null]);
      expect(keys.of('tenant')).toBe(keys.of('tenant'));
      scope.run({ tenant: 'other' }, () => expect(keys.of('tenant')?.suffix).toBe(':@tenant=other'));
      scope.run({ tenant: '' }, () => expect(keys.of('principal')).toBeNull());
      expect(suffixes()).toEqual([all, '', ':@tenant=acme', all, null, null]);
    });
    expect(keys.of(undefined)?.suffix).toBe('');
  });

  it('is what a resolver answers at that call', () => {
    let who: ScopeValues | undefined = { tenant: 'a' };
    const keys = new ScopeKeys(new CacheScope(() => who));
    expect(keys.of(undefined)?.groups).toEqual(['scope:tenant:a']);
    (who as { tenant: string }).tenant = 'b';
    expect(keys.of(undefined)?.groups).toEqual(['scope:tenant:b']);
    who = Object.freeze({ tenant: 'c' });
    expect(keys.of(undefined)?.groups).toEqual(['scope:tenant:c']);
    who = undefined;
    expect(keys.of(undefined)).toBeNull();
  });

  it('is not remembered of values that may change', () => {
    const values = { tenant: 'a' };
    const keys = new ScopeKeys({ mustKnow: true, current: () => values });
    expect(keys.of('tenant')?.suffix).toBe(':@tenant=a');
    values.tenant = 'b';
    expect(keys.of('tenant')?.suffix).toBe(':@tenant=b');
  });

  it('is no level that does not exist', () => {
    const keys = new ScopeKeys({ mustKnow: false, current: () => undefined });
    expect(() => keys.of('user' as ScopeLevel)).toThrow(CacheArgumentError);
  });
});
