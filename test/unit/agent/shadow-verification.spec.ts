import { describe, expect, it, jest } from '@jest/globals';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { ShadowVerification } from '../../../src/agent/verification/shadow-verification.js';
import type { VerifyOptions } from '../../../src/agent/verification/verify-options.js';
import { createValueCodec } from '../../../src/codec/value-codec.js';
import { CacheKeyGenerator } from '../../../src/core/key/cache-key-generator.js';
import type { VerificationSummary } from '../../../src/observability/verification-counts.js';
import { Random } from '../../race/random.js';
import { deferred } from '../../support/cache-kit.js';
import { createRecordingCache, withMethods, type RecordingCache } from '../../support/recording-cache.js';

const READ_ONLY: ToolDescriptor = { permissionTier: 'READ_ONLY' };
const TOOLS: Readonly<Record<string, ToolDescriptor>> = {
  read: READ_ONLY,
  other: READ_ONLY,
  clock: { ...READ_ONLY, volatile: true },
  write: { permissionTier: 'WRITE' },
};
const READ = { tool: 'read', params: { path: 'a' } };
const codec = createValueCodec();

interface Setting extends Partial<VerifyOptions> {
  readonly tools?: Readonly<Record<string, ToolDescriptor>>;
  /** What the verification itself is told; default: the same. */
  readonly known?: Readonly<Record<string, ToolDescriptor>>;
  readonly seed?: number;
  readonly mutate?: NonNullable<Parameters<typeof createRecordingCache>[0]>['mutate'];
}

interface Room extends RecordingCache {
  readonly verification: ShadowVerification;
  /** Lets everything that is due in the background run. */
  background(): Promise<void>;
  summaryOf(tool: string): VerificationSummary | undefined;
}

function roomOf({ tools = TOOLS, known = tools, seed = 1, mutate, ratio = 1, ...options }: Setting = {}): Room {
  const random = new Random(seed);
  let verification!: ShadowVerification;
  const kit = createRecordingCache({
    tools,
    ...(mutate && { mutate }),
    verification: ({ composed, clock }) =>
      (verification = new ShadowVerification({
        options: { ratio, ...options },
        tools: { describe: (tool) => known[tool] },
        keys: new CacheKeyGenerator(),
        events: composed.events,
        clock,
        random: () => random.next(),
        copy: (value) => codec.copy(value),
        isOpen: () => composed.cache.isOpen,
      })),
  });
  return {
    ...kit,
    verification,
    background: () => kit.clock.advance(1),
    summaryOf: (tool) => kit.composed.metrics.summary().verification[tool],
  };
}

/** `hits` hits of an entry, of each of which the world makes the answer wrong with the probability `wrongRate`. */
async function served(room: Room, hits: number, wrongRate: number, seed: number): Promise<number> {
  const random = new Random(seed);
  let world = 'loaded';
  const cached = room.under(readOnlyToolPolicy({}), async (_call: typeof READ) => ({ world }));
  await cached(READ);
  let wrong = 0;
  for (let hit = 0; hit < hits; hit++) {
    world = random.chance(wrongRate) ? `changed ${hit}` : 'loaded';
    const answer = (await cached(READ)) as { world: string };
    if (answer.world !== world) wrong++;
    await room.background();
  }
  return wrong;
}

describe('ShadowVerification', () => {
  it.each([11, 12, 13, 14, 15])('measures how many hits are wrong (seed %i)', async (seed) => {
    const room = roomOf({ ratio: 0.5, seed });
    const wrong = await served(room, 400, 0.2, seed + 100);
    const { verified, wrong: found, wrongRate, interval, isOff } = room.summaryOf('read') as VerificationSummary;
    expect(verified).toBeGreaterThan(150);
    expect(verified).toBeLessThan(250);
    expect(wrongRate).toBe(found / verified);
    expect(interval[0]).toBeLessThan(wrong / 400);
    expect(interval[1]).toBeGreaterThan(wrong / 400);
    expect(interval[1] - interval[0]).toBeLessThan(0.15);
    expect(isOff).toBe(false);
    expect(room.eventsOf('verified')).toHaveLength(verified);
    expect(room.eventsOf('verified')[0]).toEqual({ tool: 'read', isRight: expect.any(Boolean) });
  });

  it('finds no wrong hit of a cache that is right', async () => {
    const room = roomOf({ maxWrongRate: 0.01 });
    await served(room, 200, 0, 1);
    expect(room.summaryOf('read')).toMatchObject({ verified: 200, wrong: 0, wrongRate: 0, isOff: false });
    expect(room.eventsOf('distrusted')).toEqual([]);
  });

  it('switches a tool off that is wrong too often, and no other', async () => {
    const room = roomOf({ maxWrongRate: 0.05 });
    await served(room, 200, 0.5, 3);
    const [event, ...more] = room.eventsOf('distrusted');
    expect(event).toMatchObject({ tool: 'read', verified: 20 });
    expect(more).toEqual([]);
    expect(room.summaryOf('read')).toMatchObject({ isOff: true });
    const execute = jest.fn(async (_call: unknown) => ({ fresh: true }));
    const cached = room.under(readOnlyToolPolicy({}), execute);
    for (let call = 0; call < 3; call++) expect(room.statusOf(await cached(READ))).toBe('bypass');
    expect(execute).toHaveBeenCalledTimes(3);
    expect(room.eventsOf('bypass').at(-1)).toEqual({ category: 'tool', reason: 'verification' });
    const refused = new Error('refused');
    const authorize = (): void => {
      throw refused;
    };
    await expect(room.under(readOnlyToolPolicy({ authorize }), execute)(READ)).rejects.toBe(refused);
    expect(execute).toHaveBeenCalledTimes(3);
    await cached({ ...READ, tool: 'other' });
    expect(room.statusOf(await cached({ ...READ, tool: 'other' }))).toBe('hit');
  });

  it('is not moved by one unlucky hit, nor by a rate that may well be below the threshold', async () => {
    const room = roomOf({ maxWrongRate: 0.05 });
    await served(room, 1, 1, 1);
    expect(room.summaryOf('read')).toMatchObject({ verified: 1, wrong: 1, isOff: false });
    const other = roomOf({ maxWrongRate: 0.3 });
    await served(other, 60, 0.3, 5);
    expect(other.summaryOf('read')).toMatchObject({ verified: 60, isOff: false });
  });

  it('only measures where no threshold is given', async () => {
    const room = roomOf();
    await served(room, 60, 1, 1);
    expect(room.summaryOf('read')).toMatchObject({ verified: 60, wrong: 60, wrongRate: 1, isOff: false });
  });

  it('compares what the normaliser leaves, whatever the order of properties', async () => {
    const stamped: ToolDescriptor = {
      ...READ_ONLY,
      normalise: (answer: { value?: unknown; at?: number }) => {
        delete answer.at;
        return answer;
      },
    };
    const rateWith = async (known: ToolDescriptor): Promise<(number | null | undefined)[]> => {
      const room = roomOf({ tools: { read: stamped }, known: { read: known } });
      let at = 0;
      const made: object[] = [];
      const cached = room.under(readOnlyToolPolicy({}), async (_call: unknown) => {
        const answer = ++at % 2 === 0 ? { value: [1, 2], at } : { at, value: [1, 2] };
        made.push(answer);
        return answer;
      });
      await cached(READ);
      for (let hit = 0; hit < 5; hit++) {
        expect(await cached(READ)).toEqual({ value: [1, 2], at: 1 });
        await room.background();
      }
      // What the tool may still hold is not changed either.
      expect(made.every((answer) => 'at' in answer)).toBe(true);
      return [made.length, room.summaryOf('read')?.verified, room.summaryOf('read')?.wrongRate];
    };
    expect(await rateWith(stamped)).toEqual([6, 5, 0]);
    // The mutant: the normaliser is not asked.
    expect(await rateWith(READ_ONLY)).toEqual([6, 5, 1]);
  });

  it('compares what was served, not what the caller makes of it', async () => {
    const room = roomOf();
    const cached = room.under(readOnlyToolPolicy({}), async (_call: unknown) => ({ items: [1] }));
    await cached(READ);
    const answer = (await cached(READ)) as { items: number[] };
    answer.items.push(2);
    await room.background();
    expect(room.summaryOf('read')).toMatchObject({ verified: 1, wrong: 0 });
    expect(answer).toEqual({ items: [1, 2] });
  });

  it('verifies hits that are no objects, and no answer that the call has loaded', async () => {
    const room = roomOf();
    const execute = jest.fn(async (_call: unknown) => 'text');
    const cached = room.under(readOnlyToolPolicy({}), execute);
    await cached(READ);
    await room.background();
    expect(execute).toHaveBeenCalledTimes(1);
    await cached(READ);
    await room.background();
    expect(execute).toHaveBeenCalledTimes(2);
    expect(room.summaryOf('read')).toMatchObject({ verified: 1, wrong: 0 });
  });

  it('lets nobody wait, and counts and stores nothing of the run', async () => {
    const room = roomOf();
    const running = deferred<{ n: number }>();
    let runs = 0;
    const cached = room.under(readOnlyToolPolicy({}), (_call: unknown) => {
      return ++runs === 1 ? Promise.resolve({ n: 1 }) : running.promise;
    });
    await cached(READ);
    expect(await cached(READ)).toEqual({ n: 1 });
    expect(runs).toBe(1);
    await room.background();
    expect(runs).toBe(2);
    const before = room.names().length;
    running.resolve({ n: 2 });
    await room.background();
    expect(room.names().slice(before)).toEqual(['verified']);
    expect(await cached(READ)).toEqual({ n: 1 });
    expect(room.eventsOf('load')).toHaveLength(1);
    expect(room.eventsOf('set')).toHaveLength(1);
  });

  it.each<[string, (room: Room) => Promise<unknown>]>([
    ['invalidated', (room) => room.cache.invalidate({ namespace: 'tool' })],
    ['deleted', (room) => room.cache.invalidate({ pattern: '*' })],
  ])('does not count a hit whose entry was %s meanwhile', async (_what, change) => {
    const room = roomOf();
    let version = 1;
    const cached = room.under(readOnlyToolPolicy({}), async (_call: unknown) => ({ version }));
    await cached(READ);
    await cached(READ);
    version = 2;
    await change(room);
    await room.background();
    expect(room.eventsOf('verified')).toEqual([]);
  });

  it.each([
    ['before the run', false],
    ['during the run', true],
  ])('does not take a hit for wrong whose entry was loaded anew %s', async (_when, isDuring) => {
    const verdictsWith = async (mutate?: Setting['mutate']): Promise<(boolean | null)[]> => {
      const room = roomOf({ ...(mutate && { mutate }) });
      const gate = deferred<void>();
      let version = 1;
      let runs = 0;
      const cached = room.under(readOnlyToolPolicy({}), async (_call: unknown) => {
        if (++runs === 2 && isDuring) await gate.promise;
        return { version };
      });
      await cached(READ);
      await room.clock.advance(10);
      expect(room.statusOf(await cached(READ))).toBe('hit');
      if (isDuring) await room.background();
      expect(runs).toBe(isDuring ? 2 : 1);
      await room.cache.invalidateAround({ namespace: 'tool' }, async () => void (version = 2));
      expect(room.statusOf(await cached(READ))).toBe('miss');
      gate.resolve();
      await room.background();
      expect(runs).toBe(3);
      return room.eventsOf('verified').map(({ isRight }) => isRight);
    };
    expect(await verdictsWith()).toEqual([]);
    // The mutant: nobody looks whether it is still the same entry.
    const same = { status: 'hit', storedAtMs: 1 } as never;
    expect(await verdictsWith((cache) => withMethods(cache, { explain: async () => same }))).toEqual([false]);
  });

  it('does not run what the caller has changed the arguments of', async () => {
    const room = roomOf();
    const execute = jest.fn(async (call: typeof READ) => ({ path: call.params.path }));
    const cached = room.under(readOnlyToolPolicy({}), execute);
    const call = { tool: 'read', params: { path: 'a' } };
    await cached(call);
    await cached(call);
    call.params.path = 'b';
    await room.background();
    expect(execute).toHaveBeenCalledTimes(1);
    expect(room.eventsOf('verified')).toEqual([]);
  });

  it.each<[string, () => unknown, Partial<ToolDescriptor>?]>([
    ['throws', () => Promise.reject(new Error('away'))],
    [
      'throws at once',
      () => {
        throw new Error('away');
      },
    ],
    ['answers that it failed', async () => ({ ok: false })],
    ['answers what has no canonical form', async () => ({ n: () => 1 })],
    [
      'is normalised by a function that throws',
      async () => ({ n: 1 }),
      {
        normalise: () => {
          throw new Error('no');
        },
      },
    ],
    ['is normalised to a promise', async () => ({ n: 1 }), { normalise: () => Promise.reject(new Error('no')) }],
  ])('counts apart where the run %s', async (_what, again, descriptor = {}) => {
    const room = roomOf({ tools: { read: { ...READ_ONLY, ...descriptor } }, maxWrongRate: 0.01 });
    let runs = 0;
    const cached = room.under(readOnlyToolPolicy({}), (_call: unknown) => (++runs === 1 ? { n: 1 } : again()));
    await cached(READ);
    for (let hit = 0; hit < 30; hit++) {
      await cached(READ);
      await room.background();
    }
    expect(room.summaryOf('read')).toEqual({
      verified: 0,
      wrong: 0,
      notComparable: 30,
      wrongRate: null,
      interval: [0, 1],
      isOff: false,
    });
  });

  it.each(['write', 'clock', 'unknown'])('never runs the tool "%s" twice', async (tool) => {
    const callsOf = async (mutate: (verification: ShadowVerification) => void): Promise<number> => {
      const room = roomOf();
      mutate(room.verification);
      const execute = jest.fn(async (_call: unknown) => ({ n: 1 }));
      const cached = room.under(readOnlyToolPolicy({}), execute);
      await cached({ ...READ, tool });
      await cached({ ...READ, tool });
      // Even where somebody tells of a hit that there can be none of.
      const again = jest.fn(async () => [{ n: 1 }]);
      room.verification.served(tool, [{ n: 1 }], () => again);
      await room.background();
      expect(execute).toHaveBeenCalledTimes(2);
      return again.mock.calls.length;
    };
    expect(await callsOf(() => undefined)).toBe(0);
    // The mutant: the check is taken out.
    expect(await callsOf((verification) => Object.assign(verification, { isVerifiable: () => true }))).toBe(1);
  });

  it('does not run a tool that has become one that may write since it was served', async () => {
    const tools: Record<string, ToolDescriptor> = { read: READ_ONLY };
    const room = roomOf({ tools });
    const execute = jest.fn(async (_call: unknown) => ({ n: 1 }));
    const cached = room.under(readOnlyToolPolicy({}), execute);
    await cached(READ);
    await cached(READ);
    tools.read = { permissionTier: 'WRITE' };
    await room.background();
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('runs at most two at once, and leaves out what comes on top', async () => {
    const room = roomOf();
    const gate = deferred<void>();
    let isLoaded = false;
    const execute = jest.fn(async (_call: unknown) => {
      if (isLoaded) await gate.promise;
      return { n: 1 };
    });
    const cached = room.under(readOnlyToolPolicy({}), execute);
    await cached(READ);
    isLoaded = true;
    for (let hit = 0; hit < 10; hit++) await cached(READ);
    await room.background();
    expect(execute).toHaveBeenCalledTimes(3);
    gate.resolve();
    await room.background();
    await cached(READ);
    await room.background();
    expect(execute).toHaveBeenCalledTimes(4);
    expect(room.eventsOf('verified')).toHaveLength(3);
  });

  it('verifies no more than 200 tools', async () => {
    const tools = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`tool ${index}`, READ_ONLY]));
    const room = roomOf({ tools });
    const cached = room.under(readOnlyToolPolicy({}), async (_call: unknown) => ({ n: 1 }));
    for (const tool of Object.keys(tools)) {
      await cached({ ...READ, tool });
      await cached({ ...READ, tool });
      await room.background();
    }
    expect(room.eventsOf('verified')).toHaveLength(200);
    expect(Object.keys(room.composed.metrics.summary().verification)).toHaveLength(51);
  });

  it('runs nothing after close, and tells nothing of what was under way', async () => {
    const room = roomOf();
    const gate = deferred<void>();
    let runs = 0;
    const cached = room.under(readOnlyToolPolicy({}), async (_call: unknown) => {
      if (++runs === 2) await gate.promise;
      return { n: 1 };
    });
    await cached(READ);
    await cached(READ);
    await room.background();
    await cached(READ);
    await room.cache.close();
    gate.resolve();
    await room.background();
    expect(runs).toBe(2);
    expect(room.eventsOf('verified')).toEqual([]);
  });

  it('runs none where the share is 0, and asks for nothing to be prepared', () => {
    const room = roomOf({ ratio: 0 });
    const prepare = jest.fn(() => async () => [1]);
    for (let hit = 0; hit < 100; hit++) room.verification.served('read', [1], prepare);
    expect(prepare).not.toHaveBeenCalled();
  });
});
