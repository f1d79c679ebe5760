import { describe, expect, it } from '@jest/globals';
import { CacheControl } from '../../../src/composition/cache-control.js';
import { CacheArgumentError, CacheError, CacheMissError } from '../../../src/core/errors.js';
import { resolveControl } from '../../../src/core/policy/resolve-control.js';
import type { CacheControlValues } from '../../../src/core/ports/cache-control.js';
import { settle } from '../../support/cache-kit.js';

const NOTHING = { bypass: false, refresh: false, onlyIfCached: false, maxAgeMs: null, noStore: false };
const MODES = ['bypass', 'refresh', 'onlyIfCached'] as const;

/** What holds for a call that says `ofCall` itself. */
const current = (ofCall?: CacheControlValues) => resolveControl(ofCall, CacheControl.current());

describe('the control of a call', () => {
  it('is nothing where nothing was said', () => {
    expect(resolveControl(undefined, undefined)).toEqual(NOTHING);
    expect(resolveControl({}, undefined)).toEqual(NOTHING);
    expect(resolveControl({ bypass: undefined, maxAge: undefined }, {})).toEqual(NOTHING);
  });

  it.each<[CacheControlValues, object]>([
    [{ bypass: true }, { bypass: true }],
    [
      { refresh: true, noStore: true },
      { refresh: true, noStore: true },
    ],
    [
      { onlyIfCached: true, maxAge: '1m' },
      { onlyIfCached: true, maxAgeMs: 60_000 },
    ],
    [{ maxAge: '0s' }, { maxAgeMs: 0 }],
    [{ bypass: false, refresh: true, onlyIfCached: false }, { refresh: true }],
  ])('of %j is the same, said by the policy or around the call', (control, resolved) => {
    expect(resolveControl(control, undefined)).toEqual({ ...NOTHING, ...resolved });
    expect(CacheControl.run(control, () => current())).toEqual({ ...NOTHING, ...resolved });
  });

  it('wins over what holds around the call, field by field', () => {
    const around: CacheControlValues = { maxAge: '1m', noStore: true };
    expect(resolveControl({ maxAge: '1s' }, around)).toEqual({ ...NOTHING, maxAgeMs: 1_000, noStore: true });
    expect(resolveControl({ noStore: false }, around)).toEqual({ ...NOTHING, maxAgeMs: 60_000 });
    expect(resolveControl({ noStore: undefined }, around).noStore).toBe(true);
  });

  it.each(MODES.flatMap((outer) => MODES.map((inner) => [outer, inner] as const)))(
    'ends %s around the call where it says %s',
    (outer, inner) => {
      expect(resolveControl({ [inner]: true }, { [outer]: true })).toEqual({ ...NOTHING, [inner]: true });
      expect(resolveControl({ [outer]: false }, { [outer]: true })).toEqual(NOTHING);
    },
  );

  it.each<[unknown, string]>([
    [
      { refresh: true, onlyIfCached: true },
      'control has refresh and onlyIfCached: of bypass, refresh, onlyIfCached at most',
    ],
    [{ bypass: true, refresh: true, onlyIfCached: true }, 'control has bypass and refresh and onlyIfCached'],
    [{ bypass: 'yes' }, "control.bypass is 'yes': expected true or false"],
    [{ noStore: null }, 'control.noStore is object'],
    [{ maxAge: 60 }, 'control.maxAge is 60: expected a duration'],
    [
      { maxage: '1m' },
      'control.maxage does not exist: expected some of bypass, refresh, onlyIfCached, noStore, maxAge',
    ],
    [null, 'control is object: expected an object with some of'],
    ['refresh', "control is 'refresh'"],
    [[], 'control is object'],
  ])('of %j is refused by both', (control, message) => {
    let hasRun = false;
    for (const use of [
      () => resolveControl(control as CacheControlValues, undefined),
      () => CacheControl.run(control as CacheControlValues, () => (hasRun = true)),
    ]) {
      expect(use).toThrow(CacheArgumentError);
      expect(use).toThrow(message);
    }
    expect(hasRun).toBe(false);
  });
});

describe('CacheControl.run', () => {
  it('holds for all that its function awaits, and for nothing else', async () => {
    const seen: boolean[] = [];
    const running = CacheControl.run({ refresh: true }, async () => {
      await settle();
      seen.push(current().refresh);
    });
    expect(current().refresh).toBe(false);
    await running;
    expect([...seen, current().refresh]).toEqual([true, false]);
    expect(CacheControl.current()).toBeUndefined();
  });

  it('answers what its function answers', async () => {
    expect(CacheControl.run({}, () => 5)).toBe(5);
    await expect(CacheControl.run({}, async () => Promise.reject(new Error('own')))).rejects.toThrow('own');
  });

  it('adds to the one around it', () => {
    const inner = CacheControl.run({ noStore: true, refresh: true, maxAge: '1m' }, () =>
      CacheControl.run({ onlyIfCached: true, maxAge: '1s' }, () => current()),
    );
    expect(inner).toEqual({ ...NOTHING, noStore: true, onlyIfCached: true, maxAgeMs: 1_000 });
  });

  it('keeps apart what runs at the same time', async () => {
    const run = (values: CacheControlValues) => CacheControl.run(values, () => settle().then(() => current()));
    expect(await Promise.all([run({ bypass: true }), run({ noStore: true })])).toEqual([
      { ...NOTHING, bypass: true },
      { ...NOTHING, noStore: true },
    ]);
  });

  it('does not see what is done to its values later', () => {
    const values: { refresh: boolean } = { refresh: true };
    CacheControl.run(values, () => {
      values.refresh = false;
      expect(current().refresh).toBe(true);
    });
  });
});

describe('CacheMissError', () => {
  it('has a code and says what to do', () => {
    const error = new CacheMissError();
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toMatchObject({ code: 'CACHE_MISS', name: 'CacheMissError' });
    expect(error.message).toContain('onlyIfCached');
  });
});
