import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cacheStatusOf } from '../../../src/nest/http/cache-status.js';
import { type OutcomeKind, OutcomeTally } from '../../../src/nest/http/outcome-tally.js';
import { parseMembers } from '../../support/structured-field.js';

const kinds: readonly OutcomeKind[] = ['hit', 'miss', 'expired', 'answered-stale', 'bypass'];

function statusOf(fill: (tally: OutcomeTally) => void): string {
  const tally = new OutcomeTally();
  fill(tally);
  return cacheStatusOf(tally);
}

describe('cacheStatusOf', () => {
  it('says that no cached call was made', () => {
    expect(statusOf(() => undefined)).toBe('nestjs-agent-cache; fwd=bypass; detail="no cached call"');
  });

  it.each<[OutcomeKind, string]>([
    ['hit', 'nestjs-agent-cache; hit; detail="tool"'],
    ['miss', 'nestjs-agent-cache; fwd=miss; detail="tool"'],
    ['expired', 'nestjs-agent-cache; fwd=stale; detail="tool"'],
    ['answered-stale', 'nestjs-agent-cache; fwd=stale; detail="tool answered-stale"'],
    ['bypass', 'nestjs-agent-cache; fwd=bypass; detail="tool"'],
  ])('says %s', (kind, header) => {
    expect(statusOf((tally) => tally.add(kind, 'tool'))).toBe(header);
  });

  it('says answered-stale in place of expired, once for each answer', () => {
    const header = statusOf((tally) => {
      tally.add('expired', 'tool');
      tally.add('expired', 'context');
      tally.addAnsweredStale('context');
      tally.add('expired', 'tool');
      tally.addAnsweredStale('tool');
    });
    expect(header.split(', ')).toEqual([
      'nestjs-agent-cache; fwd=stale; detail="tool"',
      'nestjs-agent-cache; fwd=stale; detail="context answered-stale"',
      'nestjs-agent-cache; fwd=stale; detail="tool answered-stale"',
    ]);
  });

  it('says answered-stale in place of expired among "other", too', () => {
    const header = statusOf((tally) => {
      for (let index = 0; index < 16; index++) tally.add('hit', `category-${index}`);
      tally.add('expired', 'tool');
      tally.addAnsweredStale('tool');
    });
    expect(parseMembers(header)).toHaveLength(17);
    expect(header).toContain('nestjs-agent-cache; fwd=stale; detail="other answered-stale"');
  });

  it('counts equal outcomes together and different ones apart', () => {
    const header = statusOf((tally) => {
      tally.add('hit', 'context');
      tally.add('miss', 'tool', { remark: 'timeout' });
      tally.add('hit', 'context');
      tally.add('hit', 'tool');
      tally.add('bypass', 'tool', { remark: 'not-read-only' });
    });
    expect(header.split(', ')).toEqual([
      'nestjs-agent-cache; hit; detail="context x2"',
      'nestjs-agent-cache; fwd=miss; detail="tool timeout"',
      'nestjs-agent-cache; hit; detail="tool"',
      'nestjs-agent-cache; fwd=bypass; detail="tool not-read-only"',
    ]);
  });

  it('says stored only when as much of the category was stored as was not found', () => {
    const stored = (count: number): string =>
      statusOf((tally) => {
        tally.add('miss', 'tool');
        tally.add('expired', 'tool');
        tally.add('hit', 'tool');
        for (let index = 0; index < count; index++) tally.addStored('tool');
      });
    expect(stored(1)).not.toContain('stored');
    expect(stored(2).match(/; stored/g)).toHaveLength(2);
    expect(stored(2)).toContain('nestjs-agent-cache; hit; detail="tool"');
  });

  it('does not say stored of what another category stored', () => {
    const header = statusOf((tally) => {
      tally.add('miss', 'tool');
      tally.addStored('context');
    });
    expect(header).not.toContain('stored');
  });

  it('says the least time to live that is left, in whole seconds', () => {
    const header = statusOf((tally) => {
      tally.add('hit', 'tool', { ttlLeftMs: 90_999 });
      tally.add('hit', 'tool');
      tally.add('hit', 'tool', { ttlLeftMs: 60_001 });
    });
    expect(header).toBe('nestjs-agent-cache; hit; ttl=60; detail="tool x3"');
  });

  it('is a structured field whatever the categories and remarks hold, and stays short', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('a"b', 'a\\', 'a, b; hit', 'ü', '\n'),
    );
    const outcome = fc.record({ kind: fc.constantFrom(...kinds), category: text, remark: text });
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 1, maxLength: 100 }), (outcomes) => {
        const header = statusOf((tally) => {
          for (const { kind, category, remark } of outcomes) tally.add(kind, category, { remark });
        });
        const members = parseMembers(header);
        expect(members.length).toBeLessThanOrEqual(16 + kinds.length);
        expect(header.length).toBeLessThan(8_000);
        for (const { token, parameters } of members) {
          expect(token).toBe('nestjs-agent-cache');
          expect('hit' in parameters).not.toBe('fwd' in parameters);
        }
      }),
    );
  });

  it('counts every outcome beyond the sixteenth kind under "other"', () => {
    const header = statusOf((tally) => {
      for (let index = 0; index < 100; index++) tally.add('hit', `category-${index}`);
    });
    expect(header).toContain('nestjs-agent-cache; hit; detail="other x84"');
  });
});
