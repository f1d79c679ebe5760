import { describe, expect, it } from '@jest/globals';
import { PropertyOrders } from '../../../src/core/key/property-orders.js';

describe('the memory for orders of properties', () => {
  it('answers the very order it found before', () => {
    const orders = new PropertyOrders();
    const first = orders.of(['b', 'a']);
    expect(first).toMatchObject({ sorted: ['a', 'b'], opening: ['{"a":', '{"b":'], following: [',"a":', ',"b":'] });
    expect(orders.of(['b', 'a'])).toBe(first);
    expect(orders.of(['a', 'b'])).not.toBe(first);
    expect(orders.of(['b', 'a', 'c']).sorted).toEqual(['a', 'b', 'c']);
  });

  it('holds at most 256 lists, however many it sees', () => {
    const orders = new PropertyOrders();
    for (let index = 0; index < 10_000; index++) {
      orders.of([`name${index}`, 'b']);
      orders.of(['a', `name${index}`]);
      expect(orders.size).toBeLessThanOrEqual(256);
    }
  });

  it('holds no list of many names, nor one of a long name', () => {
    const orders = new PropertyOrders();
    expect(orders.of(Array.from({ length: 33 }, (_, index) => `n${index}`)).sorted).toHaveLength(33);
    expect(orders.of(['x'.repeat(65)]).sorted).toHaveLength(1);
    expect(orders.size).toBe(0);
  });
});
