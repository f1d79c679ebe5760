import { describe, expect, it } from '@jest/globals';
import { CacheEventBus } from '../../../src/core/events.js';
import { connectLog } from '../../../src/observability/cache-log.js';
import { CacheMetrics } from '../../../src/observability/cache-metrics.js';
import { connectMetrics } from '../../../src/observability/connect-metrics.js';

describe('counts of verification', () => {
  it('are told by tool, with the rate and its interval', () => {
    const events = new CacheEventBus();
    const metrics = new CacheMetrics();
    const disconnect = connectMetrics(metrics, events);
    for (let index = 0; index < 50; index++) events.emit('verified', { tool: 'read', isRight: index >= 5 });
    events.emit('verified', { tool: 'read', isRight: null });
    events.emit('verified', { tool: 'list', isRight: null });
    disconnect();
    events.emit('verified', { tool: 'read', isRight: false });
    const { read, list } = metrics.summary().verification;
    expect(read).toMatchObject({ verified: 50, wrong: 5, notComparable: 1, wrongRate: 0.1, isOff: false });
    expect(read?.interval.map((rate) => rate.toFixed(3))).toEqual(['0.043', '0.214']);
    expect(list).toEqual({
      verified: 0,
      wrong: 0,
      notComparable: 1,
      wrongRate: null,
      interval: [0, 1],
      isOff: false,
    });
  });

  it('keep telling what is off after a reset', () => {
    const metrics = new CacheMetrics();
    metrics.recordVerified('read', false);
    metrics.recordVerified('list', true);
    metrics.recordDistrusted('read');
    metrics.reset();
    expect(metrics.summary().verification).toMatchObject({ read: { verified: 0, wrong: 0, isOff: true } });
    expect(Object.keys(metrics.summary().verification)).toEqual(['read']);
  });

  it('give at most 50 tools a name', () => {
    const metrics = new CacheMetrics();
    for (let index = 0; index < 1_000; index++) metrics.recordVerified(`tool ${index}`, index % 2 === 0);
    for (let index = 0; index < 1_000; index++) metrics.recordDistrusted(`tool ${index}`);
    const { verification } = metrics.summary();
    expect(Object.keys(verification)).toHaveLength(51);
    expect(verification.other).toMatchObject({ verified: 950, wrong: 475, isOff: true });
  });

  it('are a line in the log where a tool is switched off, in which no text of others breaks the line', () => {
    const events = new CacheEventBus();
    const lines: string[] = [];
    connectLog(events, { log: () => undefined, warn: (message) => void lines.push(message) });
    events.emit('distrusted', { tool: 'read\nfile', verified: 40, wrong: 12 });
    expect(lines).toEqual([expect.stringContaining("12 of 40 hits of the tool 'read?file'")]);
  });
});
