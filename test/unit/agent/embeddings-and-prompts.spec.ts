import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { embeddingsPolicy } from '../../../src/agent/embeddings/embeddings-policy.js';
import { promptPolicy } from '../../../src/agent/prompts/prompt-policy.js';
import { createRecordingCache, type RecordingCache } from '../../support/recording-cache.js';

type Vectors = readonly (readonly number[] | null)[];
type Embedder = (texts: readonly string[]) => Promise<Vectors>;

const vectorOf = (text: string): number[] => [text.length, ...[...text].map((char) => char.charCodeAt(0)), 0.5];
/** One dimension for all, so that nothing but its numbers says that a vector is another text's. */
const padded = (text: string): number[] => [...vectorOf(text), 0, 0, 0, 0].slice(0, 4);

describe('batches out of which an embedder skips texts', () => {
  /** Texts whose stored vector is that of another text, after batches that `embed` answered as it does. */
  async function wronglyStored(embed: Embedder, batches: readonly string[][]): Promise<string[]> {
    const kit = createRecordingCache();
    const policy = embeddingsPolicy({ model: 'm' });
    const filling = kit.under(policy, embed);
    for (const batch of batches) await filling(batch);
    const stored = kit.under(policy, async (texts: readonly string[]) => texts.map(() => null));
    const texts = [...new Set(batches.flat())];
    const found = (await Promise.all(texts.map(async (text) => ((await stored([text])) as Vectors)[0]))) as unknown[];
    return texts.filter((text, index) => found[index] && JSON.stringify(found[index]) !== JSON.stringify(padded(text)));
  }

  const texts = fc.array(fc.constantFrom('', 'a', 'b', 'cc', 'dd'), { maxLength: 6 });
  const skipping: Embedder = async (batch) => batch.filter((text) => text !== '').map(padded);
  const marking: Embedder = async (batch) => batch.map((text) => (text === '' ? null : padded(text)));
  const repeating: Embedder = async (batch) =>
    [...batch, ...batch.slice(0, batch.length - new Set(batch).size)].map(padded);

  it.each<[string, Embedder]>([
    ['and answers fewer', skipping],
    ['and answers null in their place', marking],
    ['or answers more', repeating],
  ])('%s, never shift a vector', async (_how, embed) => {
    const isRight = async (batches: string[][]): Promise<void> => {
      expect(await wronglyStored(embed, batches)).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(fc.array(texts, { maxLength: 5 }), isRight), { numRuns: 50 });
  });

  it('(the check finds vectors that were shifted unnoticed)', async () => {
    const shifting: Embedder = async (batch) => {
      const answers = await skipping(batch);
      return batch.map((_text, index) => answers[index] ?? padded('dd'));
    };
    expect(await wronglyStored(shifting, [['', 'a', 'b']])).toEqual(['', 'a', 'b']);
  });
});

describe('stored vectors', () => {
  it.each<[string, (numbers: number[]) => ArrayLike<number>, number]>([
    ['number[] of 32 bits', (numbers) => numbers.map(Math.fround), 4],
    ['number[]', (numbers) => numbers, 8],
    ['Float32Array', (numbers) => Float32Array.from(numbers), 4],
    ['Float64Array', (numbers) => Float64Array.from(numbers), 8],
  ])('are binary, and come back as the type and to the bit as they were: %s', async (_type, make, size) => {
    const kit = createRecordingCache();
    const numbers = Array.from({ length: 256 }, (_item, index) => Math.sin(index) / 3);
    const embed = kit.under(embeddingsPolicy({ model: 'm' }), async (_texts: string[]) => [make(numbers)]);
    await embed(['a']);
    const [hit] = (await embed(['a'])) as unknown[];
    expect(hit).toEqual(make(numbers));
    const [stored] = kit.eventsOf('set');
    expect(stored?.bytes).toBeGreaterThanOrEqual(size * 256);
    // The rest is the envelope.
    expect(stored?.bytes).toBeLessThan(size * 256 + 400);
  });

  it('are not those of another role or number of dimensions, where one namespace serves several methods', async () => {
    const kit = createRecordingCache();
    const answers = jest.fn(async (_texts: readonly string[]) => [[1, 2, 3]]);
    const as = (role: string, dimensions?: number): Promise<unknown> =>
      kit.under(embeddingsPolicy({ model: 'm', namespace: 'vectors', role, dimensions }), answers)(['a']);
    for (const role of ['query', 'document', 'query', 'document']) await as(role);
    expect(answers).toHaveBeenCalledTimes(2);
    await as('query', 3);
    expect(answers).toHaveBeenCalledTimes(3);
  });
});

describe('prompts', () => {
  const SEARCH = {
    name: 'search',
    description: 'Searches',
    parameters: { type: 'object', properties: { query: { type: 'string' }, kind: { enum: ['a', 'b'] } } },
  };
  const prompts = (): { kit: RecordingCache; assemble: jest.Mock<(...args: unknown[]) => Promise<string>> } => ({
    kit: createRecordingCache(),
    assemble: jest.fn(async (..._args: unknown[]) => 'prompt'),
  });

  it.each<[string, unknown]>([
    ['a description', { ...SEARCH, description: 'Searches the web' }],
    [
      'the type of a parameter',
      { ...SEARCH, parameters: { type: 'object', properties: { query: { type: 'number' } } } },
    ],
    [
      'the order of an enum',
      { ...SEARCH, parameters: { ...SEARCH.parameters, properties: { kind: { enum: ['b', 'a'] } } } },
    ],
    ['a further field', { ...SEARCH, strict: true }],
  ])('are keyed by the schemas of their tools: %s', async (_what, changed) => {
    const { kit, assemble } = prompts();
    for (const tools of [[SEARCH], [changed], [SEARCH, changed], [changed, SEARCH]]) {
      await kit.under(promptPolicy({ tools }), assemble)('a');
      await kit.under(promptPolicy({ tools: () => structuredClone(tools) }), assemble)('a');
    }
    expect(assemble).toHaveBeenCalledTimes(4);
  });

  it('find the same key whatever the order of the properties of a schema', async () => {
    const { kit, assemble } = prompts();
    const { name, description, parameters } = SEARCH;
    await kit.under(promptPolicy({ tools: [{ name, description, parameters }] }), assemble)('a');
    await kit.under(promptPolicy({ tools: [{ parameters, description, name }] }), assemble)('a');
    expect(assemble).toHaveBeenCalledTimes(1);
  });

  it.each<[string, Parameters<typeof promptPolicy>[0]]>([
    ['a tool with its handler', { tools: [{ ...SEARCH, run: () => 1 }] }],
    ['tools that are known later', { tools: async () => [SEARCH] }],
    ['a template that is an instance of a class', { template: new (class Template {})() }],
    ['a model that is no text', { model: (() => 7) as unknown as () => undefined }],
  ])('go past the cache where no key can be made of %s', async (_what, options) => {
    const { kit, assemble } = prompts();
    const cached = kit.under(promptPolicy(options), assemble);
    expect([await cached('a'), await cached('a')]).toEqual(['prompt', 'prompt']);
    expect(assemble).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('bypass')[0]).toEqual({ category: 'prompt', reason: 'not-keyable' });
    expect(kit.warnings).toHaveLength(1);
  });
});
