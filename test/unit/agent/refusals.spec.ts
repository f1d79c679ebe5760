import { describe, expect, it, jest } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { embeddingsPolicy } from '../../../src/agent/embeddings/embeddings-policy.js';
import type { MethodPolicy, Secrets } from '../../../src/agent/calls/method-policy.js';
import { promptPolicy } from '../../../src/agent/prompts/prompt-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import { valuePolicy } from '../../../src/agent/values/value-policy.js';
import { createCacheKit, settle } from '../../support/cache-kit.js';
import { createRecordingCache, type RecordingOptions } from '../../support/recording-cache.js';

const TOKEN = `ghp_${'aB3dE5gH7j'.repeat(4)}`.slice(0, 40);
const tools = { look: { permissionTier: 'READ_ONLY' } } as const;
/** The refusal of credentials, removed. */
const blind: Secrets = { isIn: () => false, isInPieces: () => false };

interface Case {
  readonly policy: MethodPolicy;
  /** With one among the parameters. */
  readonly asking: readonly unknown[];
  readonly plain: readonly unknown[];
  readonly answer: (text: string) => unknown;
}

const CASES: Readonly<Record<string, Case>> = {
  value: { policy: valuePolicy({}), asking: [{ q: TOKEN }], plain: ['q'], answer: (text) => ({ text }) },
  prompt: { policy: promptPolicy({}), asking: [`use ${TOKEN}`], plain: ['q'], answer: (text) => text },
  tool: {
    policy: readOnlyToolPolicy({}),
    asking: [{ tool: 'look', params: { password: 'hunter2' } }],
    plain: [{ tool: 'look', params: {} }],
    answer: (text) => ({ text }),
  },
  context: {
    policy: contextPolicy({}),
    asking: [{ taskId: 'a', turn: 1, apiKey: 'hunter2' }],
    plain: [{ taskId: 'a', turn: 1 }],
    answer: (text) => ({ messages: [{ role: 'user', content: text }] }),
  },
  embeddings: {
    policy: embeddingsPolicy({ model: 'm' }),
    asking: [[`key ${TOKEN}`]],
    plain: [['q']],
    answer: () => [[1, 2, 3]],
  },
};

async function askTwice(
  { policy, answer }: Case,
  args: readonly unknown[],
  text: string,
  options: RecordingOptions = {},
): Promise<{ runs: number; kit: ReturnType<typeof createRecordingCache> }> {
  const kit = createRecordingCache({ tools, ...options });
  const method = jest.fn(async (..._args: unknown[]) => answer(text));
  const cached = kit.under(policy, method);
  for (let round = 0; round < 2; round++) expect(await cached(...args)).toEqual(answer(text));
  return { runs: method.mock.calls.length, kit };
}

describe('credentials', () => {
  it.each(Object.keys(CASES))('among the parameters keep a call past the cache: %s', async (name) => {
    const one = CASES[name] as Case;
    const { runs, kit } = await askTwice(one, one.asking, 'x');
    expect(runs).toBe(2);
    expect(kit.eventsOf('bypass').map(({ reason }) => reason)).toEqual(Array(2).fill('credential-in-parameters'));
    expect(kit.eventsOf('set')).toEqual([]);
    expect(kit.warnings).toHaveLength(1);
    expect(JSON.stringify([kit.warnings, kit.events])).not.toMatch(/hunter2|ghp_/);
    expect((await askTwice(one, one.asking, 'x', { secrets: blind })).runs).toBe(1);
  });

  it.each(['value', 'prompt', 'tool', 'context'])('in a result keep it out of the cache: %s', async (name) => {
    const one = CASES[name] as Case;
    const { runs, kit } = await askTwice(one, one.plain, `see ${TOKEN}`);
    expect(runs).toBe(2);
    expect(kit.eventsOf('refused').map(({ reason }) => reason)).toEqual(Array(2).fill('credential in the result'));
    expect(kit.eventsOf('set')).toEqual([]);
    expect(JSON.stringify([kit.warnings, kit.events])).not.toContain('ghp_');
    expect((await askTwice(one, one.plain, `see ${TOKEN}`, { secrets: blind })).runs).toBe(1);
  });

  it('in one text of a batch keep its vector out of the cache, and no other', async () => {
    const run = async (
      secrets?: Secrets,
    ): Promise<{ asked: unknown[]; kit: ReturnType<typeof createRecordingCache> }> => {
      const kit = createRecordingCache(secrets ? { secrets } : {});
      const asked: unknown[] = [];
      const cached = kit.under(embeddingsPolicy({ model: 'm' }), async (texts: string[]) => {
        asked.push(texts);
        return texts.map((text) => [text.length, 1]);
      });
      const texts = ['a', TOKEN, 'bb'];
      for (let round = 0; round < 2; round++)
        expect(await cached(texts)).toEqual(texts.map(({ length }) => [length, 1]));
      return { asked, kit };
    };
    const { asked, kit } = await run();
    expect(asked).toEqual([['a', TOKEN, 'bb'], [TOKEN]]);
    expect(kit.eventsOf('bypass')).toEqual(Array(2).fill({ category: 'embed', reason: 'credential-in-parameters' }));
    expect((await run(blind)).asked).toHaveLength(1);
  });

  it('in a result are not given to another caller of the same load', async () => {
    const run = async (secrets?: Secrets): Promise<unknown[]> => {
      const kit = createRecordingCache(secrets ? { secrets } : {});
      let count = 0;
      const cached = kit.under(valuePolicy({}), async (_id: string) => ({ count: ++count, text: TOKEN }));
      const results = await Promise.all([cached('a'), cached('a')]);
      return results.map((result) => (result as { count: number }).count);
    };
    expect(await run()).toEqual([1, 2]);
    expect(await run(blind)).toEqual([1, 1]);
  });

  it('that an Observable emits in two pieces keep it out of the cache', async () => {
    const runs = async (secrets?: Secrets): Promise<number> => {
      const kit = createRecordingCache(secrets ? { secrets } : {});
      const method = jest.fn(async () => [`see ${TOKEN.slice(0, 20)}`, TOKEN.slice(20)]);
      const cached = kit.under(valuePolicy({}), method, { isObservable: true });
      for (let round = 0; round < 2; round++) await cached();
      return method.mock.calls.length;
    };
    expect([await runs(), await runs(blind)]).toEqual([2, 1]);
  });
});

describe('explain', () => {
  it('says why the last result of a key was not stored, until one is', async () => {
    const kit = createRecordingCache();
    let text = TOKEN;
    const cached = kit.under(valuePolicy({}), async (_id: string) => ({ text }));
    const result = await cached('a');
    const { key } = kit.cache.outcomeOf(result) as { key: string };
    const explained = await kit.cache.explain(key);
    expect(explained).toMatchObject({ status: 'miss', ageMs: null });
    expect(explained.reason).toContain('Its last result was not stored: credential in the result.');
    text = 'plain';
    await cached('a');
    await kit.clock.advance(3_600_001);
    expect((await kit.cache.explain(key)).reason).not.toContain('credential');
  });

  it('says that a call for a key went past the cache, and of a namespace how often which ones did', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(
      valuePolicy({ namespace: 'notes', key: (note: { id: number }) => note.id }),
      async (_note: object) => 1,
    );
    await cached({ id: 7, password: 'hunter2' });
    const reason = 'The last call for it went past the cache: credential-in-parameters.';
    expect((await kit.cache.explain('notes:7')).reason).toContain(reason);
    const other = "Calls of 'notes' went past the cache: credential-in-parameters (1).";
    expect((await kit.cache.explain('notes:8')).reason).toContain(other);
  });

  it('remembers of many keys the latest, in bounded memory', async () => {
    const kit = createCacheKit();
    const skip = (key: string): Promise<unknown> =>
      kit.cache.getOrLoad(key, async (load) => {
        load.skip('of no use');
        return 1;
      });
    for (let index = 0; index <= 1_000; index++) await skip(`many:${index}`);
    expect((await kit.cache.explain('many:0')).reason).not.toContain('of no use');
    expect((await kit.cache.explain('many:1000')).reason).toContain('Its last result was not stored: of no use.');
    expect(kit.composed.metrics.summary().refusedReasons).toEqual({ 'of no use': 1_001 });
  });
});

describe('results over maxValueBytes', () => {
  it.each([
    ['over it', 1_000, 2],
    ['not over it', 1_002, 1],
    ['without a bound', 0, 1],
  ])('are passed through and not stored: %s', async (_name, maxValueBytes, runs) => {
    const kit = createCacheKit({ maxValueBytes });
    const loader = jest.fn(async () => 'x'.repeat(1_000));
    for (let round = 0; round < 2; round++) expect(await kit.cache.getOrLoad('big', loader)).toHaveLength(1_000);
    expect(loader).toHaveBeenCalledTimes(runs);
    expect(await kit.cache.set('big', 'y'.repeat(1_000))).toBe(runs === 1);
    const reasons = kit.events.filter(({ name }) => name === 'refused').map(({ event }) => event);
    const refusal = { category: 'default', reason: 'larger than maxValueBytes', isIntended: true };
    expect(reasons).toEqual(runs === 1 ? [] : Array(3).fill(refusal));
    if (runs === 2) expect((await kit.cache.explain('big')).reason).toContain('larger than maxValueBytes');
  });

  it('are still shared by those who wait for the same load', async () => {
    const kit = createCacheKit({ maxValueBytes: 100 });
    const loader = jest.fn(async () => 'x'.repeat(1_000));
    const results = await Promise.all([kit.cache.getOrLoad('big', loader), kit.cache.getOrLoad('big', loader)]);
    expect(results.map(({ length }) => length)).toEqual([1_000, 1_000]);
    expect(loader).toHaveBeenCalledTimes(1);
  });
});

describe('outputs of a model', () => {
  it.each([
    ['not at 0', 0.2],
    ['unknown', undefined],
    [
      'failing',
      () => {
        throw new Error('no');
      },
    ],
  ] as const)('are not stored at a temperature that is %s, and would be without one', async (_name, temperature) => {
    for (const make of [valuePolicy, promptPolicy]) {
      const { plain } = CASES.value as Case;
      const answer = (text: string): string => text;
      const one = await askTwice({ policy: make({ temperature }), asking: [], plain, answer }, plain, 'x');
      expect(one.runs).toBe(2);
      expect(one.kit.eventsOf('bypass').map(({ reason }) => reason)).toEqual(Array(2).fill('not-deterministic'));
      const other = await askTwice({ policy: make({ temperature: 0 }), asking: [], plain, answer }, plain, 'x');
      expect(other.runs).toBe(1);
    }
  });
});

describe('streams', () => {
  it('are not waited for where another process reads one, and would be otherwise', async () => {
    const isWaiting = async (policy: MethodPolicy): Promise<boolean> => {
      const here = createRecordingCache();
      const there = createRecordingCache({ shared: here });
      const reading = jest.fn(() => new Promise<unknown>(() => undefined));
      void here.under(policy, reading, { isObservable: true })();
      await settle();
      expect(reading).toHaveBeenCalledTimes(1);
      let isAnswered = false;
      const asking = there.under(policy, async () => ['a', 'b'], { isObservable: true })();
      void asking.then(() => (isAnswered = true));
      await settle();
      await there.clock.advance(1);
      await settle();
      return !isAnswered;
    };
    expect(await isWaiting(valuePolicy({ stream: 'replay' }))).toBe(false);
    expect(await isWaiting(valuePolicy({}))).toBe(true);
  });

  it('have entries of their own: what was stored as one array is not replayed', async () => {
    const kit = createRecordingCache();
    const whole = kit.under(valuePolicy({}), async () => ['whole']);
    const chunks = kit.under(valuePolicy({ stream: 'replay' }), async () => ['in', 'chunks'], { isObservable: true });
    expect([await whole(), await chunks(), await whole(), await chunks()]).toEqual([
      ['whole'],
      ['in', 'chunks'],
      ['whole'],
      ['in', 'chunks'],
    ]);
  });
});

describe('errors', () => {
  it('are not stored, thrown or returned by a tool, and what is returned would be otherwise', async () => {
    const run = async (policy: MethodPolicy, answer: () => unknown): Promise<number> => {
      const kit = createRecordingCache({ tools });
      const method = jest.fn(async (_call: unknown) => answer());
      const cached = kit.under(policy, method);
      for (let round = 0; round < 2; round++) await cached({ tool: 'look', params: {} }).catch(() => undefined);
      return method.mock.calls.length;
    };
    const fail = (): never => {
      throw new Error('no');
    };
    for (const policy of [readOnlyToolPolicy({}), valuePolicy({}), promptPolicy({})])
      expect(await run(policy, fail)).toBe(2);
    expect(await run(readOnlyToolPolicy({}), () => ({ isError: true }))).toBe(2);
    expect(await run(valuePolicy({}), () => ({ isError: true }))).toBe(1);
  });
});
