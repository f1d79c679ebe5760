import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { LateStore } from '../../../src/composition/late-store.js';
import { openStore } from '../../../src/composition/open-store.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import type { Store } from '../../../src/core/ports/store.js';
import { loadIoredis, requireOrImport } from '../../../src/tiers/redis/clients/load-ioredis.js';
import { MemoryStore } from '../../../src/tiers/memory/memory-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { deferred } from '../../support/cache-kit.js';
import { EventRecorder, redisOptions } from '../../support/redis-kit.js';
import { ScriptedStore } from '../../support/scripted-store.js';

describe('loadIoredis', () => {
  it.each<[string, () => Promise<object>]>([
    ['is not installed', () => Promise.reject(new Error("Cannot find package 'ioredis'"))],
    ['is too old to name its clients', () => Promise.resolve({ default: class Redis {} })],
    ['has one of the two only', () => Promise.resolve({ Redis: class Redis {} })],
    ['is something else', () => Promise.resolve({ Redis: {}, Cluster: {} })],
  ])('finds none when it %s', async (_what, load) => {
    expect(await loadIoredis(load)).toBeNull();
  });

  it('finds both clients', async () => {
    expect(await loadIoredis()).toEqual({ Redis: expect.any(Function), Cluster: expect.any(Function) });
  });

  it('finds the ones that are required and imported alike', async () => {
    const { Redis, Cluster } = await import('ioredis');
    expect(await loadIoredis()).toEqual({ Redis, Cluster });
  });

  it('finds what a bundler has put elsewhere', async () => {
    const fromBundle = 'file:///no-such-folder/app.js';
    expect(() => createRequire(fromBundle)('ioredis')).toThrow('ioredis');
    expect(await loadIoredis(() => requireOrImport(fromBundle))).toEqual(await loadIoredis());
  });
});

describe('openStore', () => {
  it('warns and takes memory when the library cannot be used with the options', async () => {
    const warnings: string[] = [];
    const store = await openStore(
      { ...resolveOptions(), redis: redisOptions('redis://user:secret@') },
      { clock: new FakeClock(), events: new EventRecorder(), warn: (text) => void warnings.push(text), waitMs: 0 },
    );
    expect(store.mode).toBe('memory');
    expect(warnings).toEqual([expect.stringMatching(/ioredis.*caching in memory/)]);
    expect(warnings.join()).not.toContain('secret');
  });
});

describe('a store that is still being opened', () => {
  const open = () => {
    const { promise, resolve } = deferred<Store>();
    const opened = new ScriptedStore(new MemoryStore({ maxBytes: 10_000, clock: new FakeClock() }));
    return { late: new LateStore('standalone', promise), opened, arrive: () => (resolve(opened), promise) };
  };
  const write = { key: 'k', value: Buffer.from('v'), ttlMs: 1_000 };

  it('answers like one without a connection, and then like the store', async () => {
    const { late, arrive } = open();
    expect(late.mode).toBe('standalone');
    expect(late.isAvailable).toBe(false);
    expect(await late.set(write)).toEqual({ ok: false, reason: 'disconnected' });
    await arrive();
    expect(late.isAvailable).toBe(true);
    expect(await late.set(write)).toEqual({ ok: true, value: true });
  });

  it('closes a store that arrives after it was closed, and stays closed', async () => {
    const { late, opened, arrive } = open();
    await late.close();
    await arrive();
    expect(await opened.get('k')).toEqual({ ok: false, reason: 'closed' });
    expect(await late.get('k')).toMatchObject({ ok: false });
  });

  it('passes those on who listen for a recovery, and only while they listen', async () => {
    const { late, opened, arrive } = open();
    const heard: string[] = [];
    late.onRecovered(() => void heard.push('early'));
    late.onRecovered(() => void heard.push('stopped'))();
    await arrive();
    const stop = late.onRecovered(() => void heard.push('late'));
    opened.fail(null);
    expect(heard).toEqual(['early', 'late']);
    stop();
    opened.fail(null);
    expect(heard).toEqual(['early', 'late', 'early']);
  });
});
