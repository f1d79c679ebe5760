import { describe, expect, it, jest } from '@jest/globals';
import { embeddingsPolicy } from '../../../src/agent/embeddings/embeddings-policy.js';
import { deferred, settle } from '../../support/cache-kit.js';
import { createRecordingCache, type RecordingCache } from '../../support/recording-cache.js';

type Batch = (texts: readonly string[], ...others: unknown[]) => Promise<unknown>;
const vectorOf = (text: string): number[] => [text.length, text.charCodeAt(0), 0.25];
const embedding = (): jest.Mock<Batch> => jest.fn(async (texts: readonly string[]) => texts.map(vectorOf));
const textsOf = (embed: jest.Mock<Batch>): (readonly string[])[] => embed.mock.calls.map(([texts]) => texts);
const policy = embeddingsPolicy({ model: 'small-1' });

describe('embeddingsPolicy', () => {
  it('embeds only the texts that are missing, in their order, each once', async () => {
    const kit = createRecordingCache();
    const embed = embedding();
    const cached = kit.under(policy, embed);
    await cached(['b', 'd']);
    const texts = ['a', 'b', 'c', 'a', 'd', 'e', 'c'];
    expect(await cached(texts)).toEqual(texts.map(vectorOf));
    expect(textsOf(embed)).toEqual([
      ['b', 'd'],
      ['a', 'c', 'e'],
    ]);
    await cached(texts);
    expect(embed).toHaveBeenCalledTimes(2);
  });

  it('answers one text with one vector, and shares it with batches of the method', async () => {
    const kit = createRecordingCache();
    const embed = jest.fn(async (text: string | readonly string[]) =>
      typeof text === 'string' ? vectorOf(text) : text.map(vectorOf),
    );
    const cached = kit.under(policy, embed);
    expect(await cached('query')).toEqual(vectorOf('query'));
    expect(await cached('query')).toEqual(vectorOf('query'));
    expect(await cached(['query', 'other'])).toEqual(['query', 'other'].map(vectorOf));
    expect(embed.mock.calls).toEqual([['query'], [['other']]]);
  });

  it('gives who loads the very objects the method returned', async () => {
    const kit = createRecordingCache();
    const made = [vectorOf('a'), vectorOf('b')];
    const cached = kit.under(policy, async (_texts: string[]) => made);
    expect(await cached(['a', 'b'])).toBe(made);
    made[0]?.fill(0);
    expect(await cached(['a', 'b'])).toEqual([vectorOf('a'), vectorOf('b')]);
  });

  it('gives each of two equal texts a vector of its own', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, embedding());
    await cached(['a']);
    const [one, other] = (await cached(['a', 'a'])) as number[][];
    one?.fill(0);
    expect(other).toEqual(vectorOf('a'));
  });

  it('keeps the type of vectors', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, async (texts: string[]) => texts.map((text) => Float32Array.from(vectorOf(text))));
    await cached(['a']);
    const [hit] = (await cached(['a'])) as Float32Array[];
    expect(hit).toEqual(Float32Array.from(vectorOf('a')));
  });

  it('tells how the whole came about', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, embedding());
    expect(kit.statusOf(await cached(['a', 'b']))).toBe('miss');
    expect(kit.statusOf(await cached(['a', 'b']))).toBe('hit');
    expect(kit.statusOf(await cached(['a', 'c']))).toBe('miss');
    expect(kit.statusOf(await cached(['a']))).toBe('hit');
    expect(kit.eventsOf('hit')[0]).toMatchObject({ category: 'embed' });
  });

  it('shares the load of a text between batches that ask at once', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const embed = jest.fn(async (texts: readonly string[]) => {
      await gate.promise;
      return texts.map(vectorOf);
    });
    const cached = kit.under(policy, embed);
    const results = [cached(['a', 'b']), cached(['b', 'c'])];
    await settle();
    gate.resolve(undefined);
    expect(await Promise.all(results)).toEqual([['a', 'b'].map(vectorOf), ['b', 'c'].map(vectorOf)]);
    expect(textsOf(embed).flat().sort()).toEqual(['a', 'b', 'c']);
  });

  it('runs the method for an empty batch', async () => {
    const kit = createRecordingCache();
    const embed = embedding();
    const cached = kit.under(policy, embed);
    expect(await cached([])).toEqual([]);
    await cached([]);
    expect(embed).toHaveBeenCalledTimes(2);
  });

  it.each<[string, unknown]>([
    ['a number', 7],
    ['nothing', undefined],
    ['a batch with something that is no text', ['a', 7]],
    ['a lone surrogate', '\ud800'],
  ])('goes past the cache with %s', async (_name, given) => {
    const kit = createRecordingCache();
    const embed = jest.fn(async (..._args: unknown[]) => [[1]]);
    const cached = kit.under(policy, embed);
    await cached(given);
    await cached(given);
    expect(embed).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('bypass')[0]).toEqual({ category: 'embed', reason: 'not-keyable' });
  });

  it('passes on what the method throws', async () => {
    const kit = createRecordingCache();
    const failure = new Error('429');
    const cached = kit.under(policy, async (_texts: string[]) => Promise.reject(failure));
    await expect(cached(['a'])).rejects.toBe(failure);
  });

  it('keeps apart what does not share vectors', async () => {
    const kit = createRecordingCache();
    const embed = embedding();
    const run = async (options: Parameters<typeof embeddingsPolicy>[0], ...others: unknown[]): Promise<unknown> =>
      kit.under(embeddingsPolicy(options), embed)(['a'], ...others);
    await run({ model: 'small-1' });
    await run({ model: 'small-2' });
    await run({ model: 'small-1', role: 'query' });
    await run({ model: 'small-1', dimensions: 3 });
    await run({ model: (_texts: unknown, model: string) => model }, 'small-9');
    await run({ model: 'small-1' }, { truncate: true });
    await run({ model: 'small-1' }, { truncate: false });
    expect(embed).toHaveBeenCalledTimes(7);
    await run({ model: 'small-1' }, { truncate: false }, new AbortController().signal);
    await run({ model: 'small-1' }, new AbortController().signal);
    expect(embed).toHaveBeenCalledTimes(7);
  });

  it('lets vary take the place of the other arguments', async () => {
    const kit = createRecordingCache();
    const embed = embedding();
    const cached = kit.under(embeddingsPolicy({ model: 'm', vary: () => null }), embed);
    await cached(['a'], () => 'progress');
    await cached(['a'], () => 'progress');
    expect(embed).toHaveBeenCalledTimes(1);
    const strict = kit.under(policy, embed);
    await strict(['a'], () => 'progress');
    expect(kit.eventsOf('bypass')).toEqual([{ category: 'embed', reason: 'not-keyable' }]);
  });

  it('lets methods share that give the same namespace', async () => {
    const kit = createRecordingCache();
    const embed = embedding();
    const shared = embeddingsPolicy({ model: 'm', namespace: 'vectors' });
    await kit.under(shared, embed, { identity: 'AppModule.A.embed', method: 'embed' })(['a']);
    await kit.under(shared, embed, { identity: 'AppModule.B.embedMany', method: 'embedMany' })(['a']);
    expect(embed).toHaveBeenCalledTimes(1);
  });

  it('goes past the cache where the model is not known', async () => {
    const kit = createRecordingCache();
    const embed = embedding();
    const cached = kit.under(embeddingsPolicy({ model: () => undefined as unknown as string }), embed);
    await cached(['a']);
    expect(kit.eventsOf('bypass')).toEqual([{ category: 'embed', reason: 'not-keyable' }]);
  });
});

describe('texts that are not the first argument', () => {
  it('are replaced where they stood: an argument', async () => {
    const kit = createRecordingCache();
    const embed = jest.fn(async (_user: string, texts: readonly string[]) => texts.map(vectorOf));
    const cached = kit.under(embeddingsPolicy({ model: 'm', texts: (_user: string, texts: string[]) => texts }), embed);
    await cached('u', ['a']);
    await cached('u', ['a', 'b']);
    expect(embed.mock.calls[1]).toEqual(['u', ['b']]);
    await cached('v', ['a']);
    expect(embed).toHaveBeenCalledTimes(3);
  });

  it('are replaced where they stood: a field', async () => {
    const kit = createRecordingCache();
    const embed = jest.fn(async (request: { input: readonly string[]; user: string }) => request.input.map(vectorOf));
    const cached = kit.under(
      embeddingsPolicy({ model: 'm', texts: (request: { input: string[] }) => request.input }),
      embed,
    );
    await cached({ input: ['a'], user: 'u' });
    const request = { input: ['a', 'b'], user: 'u' };
    expect(await cached(request)).toEqual(['a', 'b'].map(vectorOf));
    expect(embed.mock.calls[1]).toEqual([{ input: ['b'], user: 'u' }]);
    expect(request.input).toEqual(['a', 'b']);
  });

  it('are embedded all together where their place is not known', async () => {
    const kit = createRecordingCache();
    const embed = jest.fn(async (documents: { text: string }[]) => documents.map(({ text }) => vectorOf(text)));
    const texts = (documents: { text: string }[]): string[] => documents.map(({ text }) => text);
    const cached = kit.under(embeddingsPolicy({ model: 'm', texts, vary: () => null }), embed);
    await cached([{ text: 'a' }]);
    expect(await cached([{ text: 'a' }, { text: 'b' }])).toEqual(['a', 'b'].map(vectorOf));
    expect(embed.mock.calls[1]).toEqual([[{ text: 'a' }, { text: 'b' }]]);
    await cached([{ text: 'b' }]);
    expect(embed).toHaveBeenCalledTimes(2);
  });
});

describe('answers that do not fit', () => {
  const storedAfter = async (
    answer: unknown,
    options: Partial<Parameters<typeof embeddingsPolicy>[0]> = {},
  ): Promise<RecordingCache> => {
    const kit = createRecordingCache();
    const cached = kit.under(embeddingsPolicy({ model: 'm', ...options }), async (_texts: string[]) => answer);
    expect(await cached(['a', 'b', 'c'])).toBe(answer);
    return kit;
  };
  const three = (third: unknown): unknown[] => [[1, 2], [3, 4], third];

  it.each<[string, unknown, number]>([
    ['all are sound', three([5, 6]), 3],
    [
      'too few',
      [
        [1, 2],
        [3, 4],
      ],
      0,
    ],
    ['too many', [...three([5, 6]), [7, 8]], 0],
    ['no array', { data: [] }, 0],
    ['nothing', undefined, 0],
    ['an array with a property', Object.assign(three([5, 6]), { usage: 3 }), 0],
    ['a vector that is not a number', three([5, NaN]), 2],
    ['a vector that is not finite', three([5, Infinity]), 2],
    ['a vector with a hole', three(Object.assign([5], { length: 2 })), 2],
    ['a vector without numbers', three([]), 2],
    ['an object for a vector', three({ embedding: [5, 6] }), 2],
    ['a vector of another dimension than the others', three([5, 6, 7]), 0],
  ])('are passed on, and what is not sound is not stored: %s', async (_name, answer, stored) => {
    const kit = await storedAfter(answer);
    expect(kit.eventsOf('set')).toHaveLength(stored);
  });

  it('keep their sound vectors where the dimension is known', async () => {
    const kit = await storedAfter(three([5, 6, 7]), { dimensions: 2 });
    expect(kit.eventsOf('set')).toHaveLength(2);
  });

  it('to a part of a batch make the method run for all of it, uncached', async () => {
    const kit = createRecordingCache();
    let isShort = false;
    const embed = jest.fn(async (texts: readonly string[]) =>
      texts.map(vectorOf).slice(isShort && texts.length < 3 ? 1 : 0),
    );
    const cached = kit.under(policy, embed);
    await cached(['a']);
    isShort = true;
    expect(await cached(['a', 'b', 'c'])).toEqual(['a', 'b', 'c'].map(vectorOf));
    expect(textsOf(embed as jest.Mock<Batch>)).toEqual([['a'], ['b', 'c'], ['a', 'b', 'c']]);
    expect(kit.eventsOf('set')).toHaveLength(1);
  });

  it('of another dimension than what is cached make the method run for all of it', async () => {
    const kit = createRecordingCache();
    let size = 2;
    const embed = jest.fn(async (texts: readonly string[]) =>
      texts.map((text) => Array<number>(size).fill(text.length)),
    );
    const cached = kit.under(policy, embed);
    await cached(['a']);
    size = 3;
    expect(await cached(['a', 'bb'])).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ]);
  });

  it('of another type than what is cached make the method run for all of it', async () => {
    const kit = createRecordingCache();
    const shared = embeddingsPolicy({ model: 'm', namespace: 'vectors' });
    await kit.under(shared, embedding())(['a']);
    const typed = kit.under(shared, async (texts: string[]) => texts.map((text) => Float32Array.from(vectorOf(text))));
    expect(await typed(['a', 'b'])).toEqual(['a', 'b'].map((text) => Float32Array.from(vectorOf(text))));
  });

  it('of one caller do not become those of another who waited for the same text', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const embed = jest.fn(async (texts: readonly string[]) => {
      await gate.promise;
      return texts.includes('bad') ? [] : texts.map(vectorOf);
    });
    const cached = kit.under(policy, embed);
    const results = [cached(['bad', 'a']), cached(['a'])];
    await settle();
    gate.resolve(undefined);
    expect(await Promise.all(results)).toEqual([[], [vectorOf('a')]]);
  });
});

describe('loads of other callers', () => {
  /** Answers once the gate is open, and not at all to a batch with a text that is too long. */
  const gated = (gate: Promise<unknown>): jest.Mock<Batch> =>
    jest.fn(async (texts: readonly string[]) => {
      await gate;
      if (texts.includes('too long')) throw new Error('too long');
      return texts.map(vectorOf);
    });

  it('that fail with a text of their own do not fail a batch without it', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const embed = gated(gate.promise);
    const cached = kit.under(policy, embed);
    const [failing, other] = [cached(['a', 'too long']), cached(['a', 'c'])];
    const failed = expect(failing).rejects.toThrow('too long');
    await settle();
    gate.resolve(undefined);
    expect(await other).toEqual(['a', 'c'].map(vectorOf));
    await failed;
  });

  it('that fail with nothing but what a batch asks for fail it, too, once', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const embed = gated(gate.promise);
    const cached = kit.under(policy, embed);
    const answers = [['too long'], ['too long'], ['too long', 'b']].map((texts) => cached(texts));
    const failed = answers.map((answer) => expect(answer).rejects.toThrow('too long'));
    await settle();
    gate.resolve(undefined);
    await Promise.all(failed);
    expect(textsOf(embed)).toEqual([['too long'], ['b']]);
  });

  it('that are aborted do not end the call of who waited', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, async (texts: readonly string[], signal: AbortSignal) => {
      await settle();
      signal.throwIfAborted();
      return texts.map(vectorOf);
    });
    const controller = new AbortController();
    const aborted = cached(['a'], controller.signal);
    const other = cached(['a', 'b'], new AbortController().signal);
    controller.abort();
    await expect(aborted).rejects.toBe(controller.signal.reason);
    expect(await other).toEqual(['a', 'b'].map(vectorOf));
  });

  it('are not waited for by a call that is aborted', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const embed = jest.fn(async (texts: readonly string[], signal?: AbortSignal) => {
      signal?.throwIfAborted();
      await gate.promise;
      return texts.map(vectorOf);
    });
    const cached = kit.under(policy, embed);
    const controller = new AbortController();
    const leading = cached(['a']);
    const waiting = cached(['a'], controller.signal);
    await settle();
    controller.abort();
    await expect(waiting).rejects.toBe(controller.signal.reason);
    gate.resolve(undefined);
    expect(await leading).toEqual([vectorOf('a')]);
  });

  it('that are aborted leave no vector, whatever the method answers then', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, async (texts: readonly string[], signal?: AbortSignal) => {
      await settle();
      return texts.map((text) => (signal?.aborted ? [0, 0, 0] : vectorOf(text)));
    });
    const controller = new AbortController();
    await cached(['a']);
    const aborted = cached(['a', 'b'], controller.signal);
    await Promise.resolve();
    controller.abort();
    expect(await aborted).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(await cached(['b'])).toEqual([vectorOf('b')]);
  });
});

describe('texts that the caller changes meanwhile', () => {
  it('do not change which vectors it is given', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, embedding());
    await cached(['a']);
    const texts = ['a'];
    const hit = cached(texts);
    texts.push('b');
    expect(await hit).toEqual([vectorOf('a')]);
  });
});

describe('embeddings within grace', () => {
  const GRACE = { cache: { grace: '1h' } } as const;

  it('do not stand in for an answer of another length', async () => {
    const kit = createRecordingCache(GRACE);
    let isOdd = false;
    const embed = async (texts: readonly string[]): Promise<number[][]> => (isOdd ? [[9]] : texts.map(() => [1, 2]));
    const cached = kit.under(embeddingsPolicy({ model: 'm', ttl: '1s' }), embed);
    await cached(['a', 'b']);
    await kit.clock.advance(2_000);
    isOdd = true;
    expect(await cached(['a', 'b'])).toEqual([[9]]);
  });

  it('do not stand in for the end of a call that was aborted', async () => {
    const kit = createRecordingCache(GRACE);
    const gate = deferred<undefined>();
    const embed = jest.fn(async (texts: readonly string[], signal?: AbortSignal) => {
      if (signal) await gate.promise;
      signal?.throwIfAborted();
      return texts.map(() => [1, 2]);
    });
    const cached = kit.under(embeddingsPolicy({ model: 'm', ttl: '1s' }), embed);
    await cached(['a']);
    await kit.clock.advance(2_000);
    const controller = new AbortController();
    const call = cached(['a'], controller.signal);
    await settle();
    controller.abort();
    gate.resolve(undefined);
    await expect(call).rejects.toBe(controller.signal.reason);
    expect(embed).toHaveBeenCalledTimes(2);
  });
});

describe('a batch of which another call loads a part', () => {
  it('is left when its call is aborted, though it has loaded the rest itself', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const embed = jest.fn(async (texts: readonly string[], signal?: AbortSignal) => {
      signal?.throwIfAborted();
      if (texts.length === 1 && texts[0] === 'a') await gate.promise;
      return texts.map(vectorOf);
    });
    const cached = kit.under(policy, embed);
    const leading = cached(['a']);
    await settle();
    const controller = new AbortController();
    const waiting = cached(['a', 'b'], controller.signal);
    await settle();
    expect(embed).toHaveBeenCalledTimes(2);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    gate.resolve(undefined);
    await leading;
  });
});
