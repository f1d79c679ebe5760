import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { hearNewsOnly, isNewsTo, type MasterStream } from '../../../src/tiers/redis/connections/switch-news.js';

const streamTo = (remoteAddress: string, remotePort: number, destroyed = false): MasterStream => ({
  remoteAddress,
  remotePort,
  destroyed,
});
const MESSAGE = 'main 10.0.0.1 6379 10.0.0.2 6380';

describe('what a sentinel tells of a failover', () => {
  it.each<[string, MasterStream | undefined, boolean]>([
    ['the old master', streamTo('10.0.0.1', 6379), true],
    ['the new master', streamTo('10.0.0.2', 6380), false],
    ['another port of the new master', streamTo('10.0.0.2', 6379), true],
    ['the new master, no more', streamTo('10.0.0.2', 6380, true), true],
    ['nobody yet', undefined, true],
  ])('is looked at by who is connected to %s', (_whom, stream, isNews) => {
    expect(isNewsTo(stream, 'main', MESSAGE)).toBe(isNews);
  });

  it('is nothing to who is connected to another of the masters that it watches', () => {
    expect(isNewsTo(streamTo('10.0.0.1', 6379), 'other', MESSAGE)).toBe(false);
    expect(isNewsTo(streamTo('10.0.0.1', 6379), 'main', '')).toBe(false);
  });

  it('reaches listeners only where it is news; all else reaches them', () => {
    const heard: unknown[] = [];
    const sentinel = hearNewsOnly(new EventEmitter() as unknown as Redis, (message) => message === 'news');
    sentinel.on('message', (...args: unknown[]) => heard.push(args));
    sentinel.on('error', (error: Error) => heard.push(error.message));
    const emit = (...args: [string, ...unknown[]]) => (sentinel as unknown as EventEmitter).emit(...args);
    emit('message', '+switch-master', 'old');
    emit('message', '+switch-master', 'news');
    emit('error', new Error('lost'));
    expect(heard).toEqual([['+switch-master', 'news'], 'lost']);
  });
});
