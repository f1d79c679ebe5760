import { describe, expect, it } from '@jest/globals';
import { CacheEventBus } from '../../../src/core/events.js';
import { connectLog } from '../../../src/observability/cache-log.js';

function connected() {
  const events = new CacheEventBus();
  const lines: string[] = [];
  const disconnect = connectLog(events, {
    log: (message) => lines.push(`log ${message}`),
    warn: (message) => lines.push(`warn ${message}`),
  });
  return { events, lines, disconnect };
}

describe('connectLog', () => {
  it('writes one line when a tier goes away and one when it is back', () => {
    const { events, lines } = connected();
    for (let index = 0; index < 1_000; index++) events.emit('tierFailed', { tier: 'redis', reason: 'timeout' });
    for (let index = 0; index < 1_000; index++) events.emit('tierRecovered', { tier: 'redis', downMs: 12_345 });
    expect(lines).toEqual([
      'warn redis is unavailable (timeout): every call goes on without it until it is back',
      'log redis is available again after 12.3 s',
    ]);
  });

  it('writes again at the next change', () => {
    const { events, lines } = connected();
    events.emit('tierFailed', { tier: 'redis', reason: 'timeout' });
    events.emit('tierRecovered', { tier: 'redis', downMs: 0 });
    events.emit('tierFailed', { tier: 'redis', reason: 'connection-lost' });
    expect(lines).toHaveLength(3);
  });

  it('says what to do where memory is off because the server refuses, in words of its own', () => {
    const { events, lines } = connected();
    events.emit('tierFailed', { tier: 'memory', reason: 'NOPERM user at 10.0.0.1 may not' });
    expect(lines).toEqual([
      expect.stringMatching(/^warn memory is unavailable \(Redis does not tell.*\+client\|tracking/),
    ]);
    expect(lines[0]).not.toContain('10.0.0.1');
  });

  it('says why a tier is away where that becomes known later, once', () => {
    const { events, lines } = connected();
    for (let time = 0; time < 10; time++) {
      events.emit('tierFailed', { tier: 'redis', reason: 'disconnected' });
      events.emit('tierFailed', { tier: 'redis', reason: 'certificate-expired' });
      events.emit('tierFailed', { tier: 'redis', reason: 'timeout' });
    }
    expect(lines).toEqual([
      expect.stringContaining('(disconnected)'),
      expect.stringContaining('(its certificate has expired, or is not valid yet; renew it'),
    ]);
  });

  it.each([
    ['+client|tracking', 'refuses +client|tracking to'],
    ['keys', 'refuses keys with its prefix to'],
    ['channels', 'refuses the channel &__redis__:invalidate to'],
    ['scripts', 'refuses a command that the scripts of the cache use to'],
    ['+get 10.0.0.1', 'refuses something to'],
  ])('says which right is missing, and where all stand: %s', (right, words) => {
    const { events, lines } = connected();
    events.emit('denied', { right });
    expect(lines).toEqual([expect.stringContaining(`warn Redis ${words} the user of the cache`)]);
    expect(lines[0]).toContain('docs/concepts/redis-access.md');
    expect(lines[0]).not.toContain('10.0.0.1');
  });

  it('says nothing of a tier that is back and was never away', () => {
    const { events, lines } = connected();
    events.emit('tierRecovered', { tier: 'redis', downMs: 5 });
    expect(lines).toEqual([]);
  });

  it.each(['connect ECONNREFUSED 10.0.0.1:6379', 'redis://:hunter2@cache', 'getaddrinfo ENOTFOUND cache.internal'])(
    'does not show a reason that may hold an address: %s',
    (reason) => {
      const { events, lines } = connected();
      events.emit('tierFailed', { tier: 'redis', reason });
      expect(lines).toEqual([
        'warn redis is unavailable (for another reason): every call goes on without it until it is back',
      ]);
    },
  );

  it('warns once per category of results that are not stored', () => {
    const { events, lines } = connected();
    for (let index = 0; index < 1_000; index++) {
      events.emit('refused', { category: 'tool', reason: `a function at $[${index}]` });
      events.emit('refused', { category: 'prompt', reason: 'a cycle' });
    }
    expect(lines).toEqual([
      "warn A result of 'tool' was passed through and not stored (a function at $[0]). This is said once per category",
      "warn A result of 'prompt' was passed through and not stored (a cycle). This is said once per category",
    ]);
  });

  it('does not warn of results that were meant not to be stored, and still warns of the first that cannot be', () => {
    const { events, lines } = connected();
    events.emit('refused', { category: 'tool', reason: 'failed result', isIntended: true });
    expect(lines).toEqual([]);
    events.emit('refused', { category: 'tool', reason: 'a cycle' });
    expect(lines).toHaveLength(1);
  });

  it('writes a bounded number of lines whatever the categories and tiers are called', () => {
    const { events, lines } = connected();
    for (let index = 0; index < 1_000; index++) {
      events.emit('refused', { category: `category-${index}`, reason: 'a cycle' });
      events.emit('tierFailed', {
        tier: `tier-${String.fromCharCode(97 + (index % 26)).repeat(1 + (index % 40))}`,
        reason: 'timeout',
      });
    }
    expect(lines.length).toBeLessThanOrEqual(51 + 9);
    expect(lines.filter((line) => line.includes('further categories'))).toHaveLength(1);
  });

  it('writes one line whatever a category or reason holds', () => {
    const { events, lines } = connected();
    events.emit('refused', { category: 'a\nFAKE LINE', reason: `b\r\n\u2028${'x'.repeat(10_000)}` });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\r\n\u2028]/);
    expect(lines[0]?.length).toBeLessThan(400);
  });

  it('holds no key', () => {
    const { events, lines } = connected();
    const entry = { category: 'tool', key: 'secret-key' };
    events.emit('miss', { ...entry, ms: 1, reason: 'absent' });
    events.emit('error', { category: 'tool', operation: 'get', reason: 'timeout' });
    events.emit('set', { ...entry, ms: 1, bytes: 1 });
    expect(lines).toEqual([]);
  });

  it('writes nothing after it was ended', () => {
    const { events, lines, disconnect } = connected();
    disconnect();
    events.emit('tierFailed', { tier: 'redis', reason: 'timeout' });
    expect(lines).toEqual([]);
  });
});
