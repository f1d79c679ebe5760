import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { methodSegment, nameSegment } from '../../../src/nest/interception/identity-segments.js';

/** Paths of names that try to be taken for others: separators, marks, escapes. */
const name = fc.string({ unit: fc.constantFrom('.', '~', '0', '1', 's', 'a', '+', '^', ' '), maxLength: 6 });
const paths = fc.array(name, { minLength: 1, maxLength: 4 });

/** Whether every path can be read back from what `segment` makes of its names, so that no two paths share it. */
function isInjective(segment: (text: string) => string): boolean {
  const readBack = (joined: string): string[] => {
    return joined.split('.').map((text) => text.replaceAll('~1', '.').replaceAll('~0', '~'));
  };
  const property = fc.property(paths, (path) => {
    expect(readBack(path.map(segment).join('.'))).toEqual(path);
  });
  return !fc.check(property, { numRuns: 2_000 }).failed;
}

describe('segments of identities', () => {
  it('never turn two paths into one', () => {
    expect(isInjective(nameSegment)).toBe(true);
  });

  it('(the check finds names that are joined as they are, or of which only the separator is escaped)', () => {
    expect(isInjective((text) => text)).toBe(false);
    expect(isInjective((text) => text.replaceAll('.', '~1'))).toBe(false);
  });

  it('tell symbols and classes from texts', () => {
    class Prices {}
    expect([nameSegment(Prices), nameSegment('Prices'), nameSegment(Symbol('Prices')), nameSegment(Symbol())]).toEqual([
      'Prices',
      'Prices',
      '~sPrices',
      '~s',
    ]);
    expect(nameSegment('~sPrices')).not.toBe(nameSegment(Symbol('Prices')));
  });

  it('name the declaring class where another one overrides it, and tell classes of one name apart', () => {
    const First = { Same: class { async m(): Promise<void> {} } }.Same; // prettier-ignore
    const Second = { Same: class extends First { override async m(): Promise<void> {} } }.Same; // prettier-ignore
    class Last extends Second {
      override async m(): Promise<void> {}
    }
    const segmentOf = (owner: object): string => methodSegment(new Last(), { owner, key: 'm', name: 'm', layer: 0 });
    expect([Last, Second, First].map(({ prototype }) => segmentOf(prototype))).toEqual(['m', 'Same~^1.m', 'Same~^2.m']);
  });

  it('tell layers of one method apart', () => {
    class Stacked {
      async m(): Promise<void> {}
    }
    const site = { owner: Stacked.prototype, key: 'm', name: 'm' };
    expect([0, 1, 2].map((layer) => methodSegment(new Stacked(), { ...site, layer }))).toEqual(['m', 'm~+1', 'm~+2']);
  });
});
