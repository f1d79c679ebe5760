import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { ToolDescriptors } from 'nestjs-agent-cache';
import { cosine } from '../../../examples/agent-backend/src/embeddings/cosine.js';
import { EmbeddingError } from '../../../examples/agent-backend/src/embeddings/embedding-error.js';
import { Embedder } from '../../../examples/agent-backend/src/embeddings/embedder.js';
import { localEmbedding } from '../../../examples/agent-backend/src/embeddings/local-embedding.js';
import { Counters } from '../../../examples/agent-backend/src/health/counters.js';
import { Settings } from '../../../examples/agent-backend/src/settings.js';
import { toolDescriptors } from '../../../examples/agent-backend/src/tools/tool-descriptors.js';
import type { ToolRegistry } from '../../../examples/agent-backend/src/tools/tool-registry.js';
import { EmbeddingEndpoint } from '../../support/agent-backend-endpoint.js';

describe('localEmbedding', () => {
  it('has 512 numbers and length 1', () => {
    const vector = localEmbedding('An envelope holds a value');
    expect(vector).toHaveLength(512);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  it('is the same each time', () => {
    expect(localEmbedding('the same words')).toEqual(localEmbedding('the same words'));
  });

  it('puts a text nearer to its own subject than to another', () => {
    const question = localEmbedding('how are cached entries invalidated?');
    const near = cosine(question, localEmbedding('Invalidating a tag makes all entries in the cache unusable.'));
    const far = cosine(question, localEmbedding('The licence allows copying and selling without charge.'));
    expect(near).toBeGreaterThan(far + 0.2);
  });

  it('finds words inside names of code', () => {
    const question = localEmbedding('read file');
    expect(cosine(question, localEmbedding('readFile(path)'))).toBeGreaterThan(0.5);
  });

  it.each(['', '   ', '…', '🙂'])('gives a zero vector for a text without words: %j', (text) => {
    expect(localEmbedding(text).every((x) => x === 0)).toBe(true);
    expect(cosine(localEmbedding(text), localEmbedding('anything'))).toBe(0);
  });
});

describe('Embedder with an endpoint', () => {
  let endpoint: EmbeddingEndpoint;
  let embedder: Embedder;
  beforeEach(async () => {
    endpoint = await EmbeddingEndpoint.start();
    embedder = new Embedder(new Settings('/nowhere', '/nowhere.db', endpoint.settings), new Counters());
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await endpoint.stop();
  });

  it('gives each text its own vector, whatever the order of the answer, in batches', async () => {
    const batches: number[] = [];
    endpoint.answer = ({ input }) => {
      batches.push(input.length);
      return { data: input.map((text, index) => ({ index, embedding: [text.length, 1] })).reverse() };
    };
    const vectors = await embedder.embed(Array.from({ length: 100 }, (_, i) => 'x'.repeat(i)));
    expect(batches).toEqual([96, 4]);
    expect(vectors.map((vector) => vector[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('names the model and the key to the endpoint', async () => {
    await embedder.embed(['a']);
    expect(endpoint.requests).toEqual([{ body: { model: 'test-model', input: ['a'] }, authorization: 'Bearer k' }]);
  });

  it.each([
    [401, /answered 401: check EMBEDDINGS_MODEL, EMBEDDINGS_API_KEY and EMBEDDINGS_URL/],
    [404, /answered 404: check EMBEDDINGS_MODEL, EMBEDDINGS_API_KEY and EMBEDDINGS_URL/],
    [429, /answered 429: it is busy or broken, try again later$/],
    [503, /answered 503: it is busy or broken, try again later$/],
  ])('says what to do about an answer of %i', async (status, message) => {
    endpoint.status = status;
    await expect(embedder.embed(['a'])).rejects.toThrow(message);
    expect(Logger.prototype.error).toHaveBeenCalledWith(expect.stringMatching(message));
  });

  const item = (index: unknown, embedding: unknown) => ({ index, embedding });
  it.each([
    ['nothing', null, 'something else than 2 embeddings'],
    ['another form', { vectors: [] }, 'something else than 2 embeddings'],
    ['too few', { data: [item(0, [1])] }, 'something else than 2 embeddings'],
    ['an index twice', { data: [item(0, [1]), item(0, [2])] }, 'no embedding for text 1'],
    ['an index that is none', { data: [item(0, [1]), item('1', [2])] }, 'no embedding for text 1'],
    ['null for one', { data: [item(0, [1]), null] }, 'no embedding for text 1'],
    ['text', { data: [item(0, [1]), item(1, 'AAAA')] }, 'embeddings that are no lists of numbers'],
    ['empty vectors', { data: [item(0, []), item(1, [])] }, 'embeddings that are no lists of numbers'],
    ['null for a number', { data: [item(0, [1]), item(1, [null])] }, 'embeddings that are no lists of numbers'],
    ['too large a number', { data: [item(0, [1]), item(1, [1e300])] }, 'embeddings that are no lists of numbers'],
    ['two lengths', { data: [item(0, [1]), item(1, [1, 2])] }, 'vectors of different lengths'],
  ])('refuses an answer with %s', async (_what, answer, problem) => {
    endpoint.answer = () => answer;
    const failure = new EmbeddingError(`the embedding endpoint answered with ${problem}: check EMBEDDINGS_URL`);
    await expect(embedder.embed(['a', 'b'])).rejects.toEqual(failure);
  });

  it('refuses an answer that is no JSON', async () => {
    endpoint.answer = () => undefined;
    await expect(embedder.embed(['a'])).rejects.toThrow('something else than JSON: check EMBEDDINGS_URL');
  });

  it('says so when nobody answers', async () => {
    await endpoint.stop();
    await expect(embedder.embed(['a'])).rejects.toThrow('did not answer (ECONNREFUSED): check EMBEDDINGS_URL');
  });

  it('waits ten seconds at most', async () => {
    const { timeout } = AbortSignal;
    const spy = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout.call(AbortSignal, 20));
    endpoint.hangs = true;
    await expect(embedder.embed(['a'])).rejects.toThrow('did not answer (TimeoutError): check EMBEDDINGS_URL');
    expect(spy).toHaveBeenCalledWith(10_000);
  });

  it('names its model, so that neither vectors of two models nor what was found with them ever mix', () => {
    expect(embedder.model).toBe('test-model');
    const registry = { find: () => ({ permissionTier: 'READ_ONLY' }) } as unknown as ToolRegistry;
    const descriptors = toolDescriptors.useFactory(registry, { root: '/w' }, embedder) as ToolDescriptors;
    expect(descriptors.describe('semantic_search')).toMatchObject({ vary: { root: '/w', model: 'test-model' } });
    expect(new Embedder(new Settings('/nowhere', '/nowhere.db'), new Counters()).model).toBe(
      'hashed-words-and-trigrams-512',
    );
  });
});
