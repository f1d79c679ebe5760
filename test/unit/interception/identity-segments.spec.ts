import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { methodSegment, nameSegment } from '../../../src/nest/interception/identity-segments.js';

/** Names that try to be taken for others: separators, marks, escapes. */
const names = fc.string({ unit: fc.constantFrom('.', '~', '0', '1', 's', 'a', '+', '^', ' '), maxLength: 6 });

describe('segments of identities', () => {
  it('never turn two paths into one', () => {
    fc.assert(
      fc.property(
        fc.array(names, { minLength: 1, maxLength: 4 }),
        fc.array(names, { minLength: 1, maxLength: 4 }),
        (one, other) => {
          const join = (path: string[]): string => path.map(nameSegment).join('.');
          expect(join(one) === join(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
        },
      ),
    );
  });

  it('(the check finds names that are joined as they are)', () => {
    const property = fc.property(fc.array(names, { minLength: 1 }), fc.array(names, { minLength: 1 }), (one, other) => {
      return (one.join('.') === other.join('.')) === (JSON.stringify(one) === JSON.stringify(other));
    });
    expect(fc.check(property, { numRuns: 20_000 }).failed).toBe(true);
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
