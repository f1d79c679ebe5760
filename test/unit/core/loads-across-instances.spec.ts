import { beforeEach, describe, expect, it } from '@jest/globals';
import { createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

const HARD = { hardTimeout: '5s' } as const;

/** A loader that is counted, and ends when the test says. */
function counted(value = 'v') {
  const gate = deferred<string>();
  const self = {
    loads: 0,
    end: () => gate.resolve(value),
    fail: gate.reject,
    load: () => (self.loads++, gate.promise),
  };
  return self;
}

const eventsOf = ({ names }: CacheKit): string[] => names();

describe('one load for two instances', () => {
  let here: CacheKit;
  let there: CacheKit;
  let third: CacheKit;

  beforeEach(() => {
    [here, there, third] = createInstances();
  });

  it('gives the one that waits what the other has loaded', async () => {
    const own = counted();
    const first = here.cache.getOrLoad('k:1', own.load);
    await settle();
    const second = there.cache.getOrLoad('k:1', async () => 'a second load');
    const alsoSecond = there.cache.getOrLoad('k:1', async () => 'a third load');
    await there.clock.advance(3_000);
    own.end();
    await there.clock.advance(0);
    expect(await Promise.all([first, second, alsoSecond])).toEqual(['v', 'v', 'v']);
    expect(own.loads).toBe(1);
    expect(eventsOf(here)).toEqual(['miss', 'load', 'set']);
    expect(eventsOf(there)).toEqual(['miss', 'miss']);
  });

  it('gives each its own copy', async () => {
    const gate = deferred<{ list: number[] }>();
    const first = here.cache.getOrLoad('k:1', () => gate.promise);
    await settle();
    const waiting = [1, 2].map(() => there.cache.getOrLoad('k:1', () => gate.promise));
    await settle();
    gate.resolve({ list: [1] });
    await first;
    await there.clock.advance(50);
    const [second, again] = await Promise.all(waiting);
    second?.list.push(2);
    expect(again).toEqual({ list: [1] });
    expect(await there.cache.get('k:1')).toEqual({ list: [1] });
  });

  it.each([
    ['of their own process', 0],
    ['of another process', 1],
  ])('that hangs, %s, is followed by one for all who have waited, once each has waited long enough', async (_, one) => {
    const kit = [here, there][one] as CacheKit;
    const policy = { hardTimeout: '1s' } as const;
    void here.cache.getOrLoad('k:1', () => new Promise<never>(() => {}), policy);
    await settle();
    const next = counted();
    const waiting = Array.from({ length: 20 }, () => kit.cache.getOrLoad('k:1', next.load, policy));
    await kit.clock.advance(900);
    expect(next.loads).toBe(0);
    await kit.clock.advance(250);
    // Who waited for another process, and those who waited with it.
    expect(next.loads).toBeLessThanOrEqual(1 + one);
    next.end();
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 20 }, () => 'v'));
    expect(next.loads).toBeLessThanOrEqual(1 + one);
    expect(await kit.cache.get('k:1')).toBe('v');
  });

  it.each([
    ['seldom, where changes are told', true, 40],
    ['often, where they are not', false, 80],
  ])('is looked for %s', async (_when, isUp, most) => {
    there.store.changes.isUp = isUp;
    const own = counted();
    const first = here.cache.getOrLoad('k:1', own.load);
    await settle();
    const second = there.cache.getOrLoad('k:1', async () => 'a second load');
    await settle();
    await there.clock.advance(3_000);
    const looks = there.store.countOf('read');
    expect(looks).toBeGreaterThan(most / 2);
    expect(looks).toBeLessThanOrEqual(most);
    own.end();
    await there.clock.advance(50);
    expect(await Promise.all([first, second])).toEqual(['v', 'v']);
  });

  it('is seen without being told, where the feed is cut off', async () => {
    there.store.changes.hold();
    const own = counted();
    const first = here.cache.getOrLoad('k:1', own.load);
    await settle();
    const second = there.cache.getOrLoad('k:1', async () => 'a second load');
    await settle();
    own.end();
    await first;
    await there.clock.advance(50);
    expect(await second).toBe('v');
  });

  it('that fails fails its own callers; the other loads once, for all that wait there', async () => {
    const own = counted();
    const first = here.cache.getOrLoad('k:1', own.load);
    const failing = expect(first).rejects.toThrow('mine');
    await settle();
    const theirs = counted('theirs');
    const waiting = [1, 2, 3].map(() => there.cache.getOrLoad('k:1', theirs.load));
    await there.clock.advance(100);
    expect(theirs.loads).toBe(0);
    own.fail(new Error('mine'));
    await failing;
    await there.clock.advance(50);
    theirs.end();
    expect(await Promise.all(waiting)).toEqual(['theirs', 'theirs', 'theirs']);
    expect(theirs.loads).toBe(1);
    expect(await here.cache.get('k:1')).toBe('theirs');
  });

  it.each(['skips its result', 'comes to what cannot be stored'])(
    'that %s is not waited for any longer',
    async (how) => {
      const gate = deferred<void>();
      const first = here.cache.getOrLoad<unknown>('k:1', async ({ skip }) => {
        await gate.promise;
        if (how === 'skips its result') skip('too small');
        return () => 1;
      });
      await settle();
      const second = there.cache.getOrLoad('k:1', async () => 'theirs');
      await settle();
      gate.resolve();
      await first;
      await there.clock.advance(50);
      expect(await second).toBe('theirs');
    },
  );

  it('is taken over at once when the other is closed', async () => {
    const own = counted();
    const first = here.cache.getOrLoad('k:1', own.load);
    await settle();
    const second = there.cache.getOrLoad('k:1', async () => 'theirs');
    await settle();
    await here.cache.close();
    await there.clock.advance(2);
    expect(await second).toBe('theirs');
    own.end();
    expect(await first).toBe('v');
    expect(await there.cache.get('k:1')).toBe('theirs');
  });

  it('is taken over within two seconds when the other has died', async () => {
    void here.cache.getOrLoad('k:1', counted().load);
    await settle();
    here.store.fail('disconnected');
    let result: string | undefined;
    void there.cache.getOrLoad('k:1', async () => 'theirs').then((value) => (result = value));
    await there.clock.advance(1_900);
    expect(result).toBeUndefined();
    await there.clock.advance(150);
    expect(result).toBe('theirs');
  });

  it('is waited for as long as the other keeps its lease up, but no longer than the hard timeout', async () => {
    const own = counted('late');
    const first = here.cache.getOrLoad('k:1', own.load);
    await settle();
    let result: string | undefined;
    void there.cache.getOrLoad('k:1', async () => 'theirs', HARD).then((value) => (result = value));
    await there.clock.advance(4_999);
    expect(result).toBeUndefined();
    await there.clock.advance(1);
    expect(result).toBe('theirs');
    own.end();
    expect(await first).toBe('late');
    expect(await here.cache.get('k:1')).toBe('theirs');
    expect(eventsOf(here)).toEqual(['miss', 'load', 'overtaken', 'hit']);
  });

  it('of a batch is led by each for its own keys, and every key is loaded once', async () => {
    const gate = deferred<void>();
    const asked: string[][] = [];
    const load = async (missing: string[]): Promise<string[]> => {
      asked.push(missing);
      await gate.promise;
      return missing.map((key) => `${key}!`);
    };
    const one = here.cache.getOrLoadMany(['k:1', 'k:2'], load);
    await settle();
    const two = there.cache.getOrLoadMany(['k:2', 'k:3', 'k:1', 'k:4'], load);
    await settle();
    gate.resolve();
    expect(await one).toEqual(['k:1!', 'k:2!']);
    await there.clock.advance(50);
    expect(await two).toEqual(['k:2!', 'k:3!', 'k:1!', 'k:4!']);
    expect(asked).toEqual([
      ['k:1', 'k:2'],
      ['k:3', 'k:4'],
    ]);
  });

  it('of a batch whose own part fails fails at once, and leaves who has joined the other part to it', async () => {
    const own = counted();
    const first = here.cache.getOrLoad('k:1', own.load);
    await settle();
    const failing = there.cache.getOrLoadMany(['k:1', 'k:2'], () => Promise.reject(new Error('mine')));
    const joined = there.cache.getOrLoad('k:1', async () => 'a second load');
    await expect(failing).rejects.toThrow('mine');
    own.end();
    await there.clock.advance(50);
    expect([await first, await joined]).toEqual(['v', 'v']);
  });

  it.each(['fails', 'is aborted'])('is not asked for any more when the call that waits %s', async (how) => {
    const first = here.cache.getOrLoad('k:2', counted().load);
    await settle();
    const controller = new AbortController();
    const gate = deferred<string[]>();
    const waiting = there.cache.getOrLoadMany(['k:1', 'k:2'], () => gate.promise, { signal: controller.signal });
    await there.clock.advance(200);
    if (how === 'fails') gate.reject(new Error('over'));
    else controller.abort(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
    await there.clock.advance(60);
    const before = there.store.calls.length;
    await there.clock.advance(1_000);
    expect(there.store.calls.slice(before).filter(({ keys }) => keys.includes('agent-cache:k:2'))).toEqual([]);
    void first;
  });

  it('that need each other end with the hard timeout', async () => {
    const load = (kit: CacheKit, key: string, needed: string): Promise<string> =>
      kit.cache.getOrLoad(
        key,
        async () => {
          await settle();
          return `${key}(${await kit.cache.getOrLoad(needed, async () => needed, HARD)})`;
        },
        HARD,
      );
    const both = Promise.all([load(here, 'x:a', 'x:b'), load(there, 'x:b', 'x:a')]);
    for (let turn = 0; turn < 10; turn++) await settle();
    await here.clock.advance(5_100);
    expect(await both).toEqual(['x:a(x:b(x:a))', 'x:b(x:a)']);
  });

  it.each([
    ['its key', { key: 'k:1' }],
    ['its tag', { tag: 't' }],
    ['a pattern', { pattern: 'k:*' }],
  ])('is followed by nobody who asks after an invalidation: by %s', async (_by, target) => {
    const policy = { tags: ['t'] };
    const early = counted('old');
    const first = here.cache.getOrLoad('k:1', early.load, policy);
    await settle();
    const followed = there.cache.getOrLoad('k:1', async () => 'by who followed', policy);
    await settle();
    expect(await third.cache.invalidate(target)).toEqual({ acknowledged: true });
    const late = [here, third].map(({ cache }) => cache.getOrLoad('k:1', async () => 'new', policy));
    await there.clock.advance(50);
    const results = new Set([...(await Promise.all(late)), await followed]);
    expect(results.has('old')).toBe(false);
    expect(results.size).toBe(1);
    early.end();
    expect(await first).toBe('old');
    await settle();
    for (const { cache } of [here, there, third])
      expect(results.has((await cache.get('k:1', policy)) as string)).toBe(true);
    expect(eventsOf(here)).toContain('overtaken');
  });

  it('is taken over at once by who asks after its group was invalidated', async () => {
    const policy = { tags: ['t'] };
    const early = counted('old');
    const first = here.cache.getOrLoad('k:1', early.load, policy);
    await settle();
    await third.cache.invalidate({ tag: 't' });
    let result: string | undefined;
    void there.cache.getOrLoad('k:1', async () => 'new', policy).then((value) => (result = value));
    await settle();
    expect(result).toBe('new');
    early.end();
    expect(await first).toBe('old');
    expect(await third.cache.get('k:1', policy)).toBe('new');
  });

  it('is not joined after its key was deleted elsewhere and leased anew by another instance', async () => {
    const [early, younger] = [counted('old'), counted('new')];
    const first = here.cache.getOrLoad('k:1', early.load);
    await settle();
    await third.cache.delete('k:1');
    const second = there.cache.getOrLoad('k:1', younger.load);
    await settle();
    const late = here.cache.getOrLoad('k:1', async () => 'a third load');
    await settle();
    early.end();
    younger.end();
    await here.clock.advance(50);
    expect([await first, await second, await late]).toEqual(['old', 'new', 'new']);
    expect(await third.cache.get('k:1')).toBe('new');
  });

  it('is joined while its lease stands, however long it takes', async () => {
    const own = counted();
    const first = here.cache.getOrLoad('k:1', own.load);
    await here.clock.advance(10_000);
    const late = here.cache.getOrLoad('k:1', own.load);
    await settle();
    own.end();
    expect([await first, await late, own.loads]).toEqual(['v', 'v', 1]);
  });

  it('that is to be stored by nobody is not waited for elsewhere', async () => {
    const own = counted();
    const control = { noStore: true };
    const first = here.cache.getOrLoad('k:1', own.load, { control });
    await settle();
    expect(await there.cache.getOrLoad('k:1', async () => 'theirs')).toBe('theirs');
    own.end();
    expect(await first).toBe('v');
    expect(await here.cache.get('k:1')).toBe('theirs');
  });
});
