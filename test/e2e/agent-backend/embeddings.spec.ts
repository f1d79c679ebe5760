import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { cosine } from '../../../examples/agent-backend/src/embeddings/cosine.js';
import { Embedder } from '../../../examples/agent-backend/src/embeddings/embedder.js';
import { localEmbedding } from '../../../examples/agent-backend/src/embeddings/local-embedding.js';
import { Counters } from '../../../examples/agent-backend/src/health/counters.js';
import { Settings } from '../../../examples/agent-backend/src/settings.js';

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
  let server: Server | undefined;
  afterEach(() => void server?.close());

  async function endpoint(
    answer: (body: { model: string; input: string[] }) => unknown,
    status = 200,
  ): Promise<Embedder> {
    server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        outgoing.writeHead(status, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify(answer(JSON.parse(Buffer.concat(chunks).toString()))));
      });
    });
    await new Promise<void>((resolve) => void server!.listen(0, '127.0.0.1', () => resolve()));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings`;
    return new Embedder(
      new Settings('/nowhere', '/nowhere.db', { url, model: 'test-model', apiKey: 'k' }),
      new Counters(),
    );
  }

  it('gives each text its own vector, whatever the order of the answer, in batches', async () => {
    const batches: number[] = [];
    const embedder = await endpoint(({ input }) => {
      batches.push(input.length);
      return { data: input.map((text, index) => ({ index, embedding: [text.length, 1] })).reverse() };
    });
    const vectors = await embedder.embed(Array.from({ length: 100 }, (_, i) => 'x'.repeat(i)));
    expect(batches).toEqual([96, 4]);
    expect(vectors.map((vector) => vector[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('says what to check when the endpoint refuses', async () => {
    const embedder = await endpoint(() => ({}), 401);
    await expect(embedder.embed(['a'])).rejects.toThrow(/answered 401: check EMBEDDINGS_MODEL/);
  });

  it('refuses an answer with another number of vectors', async () => {
    const embedder = await endpoint(() => ({ data: [] }));
    await expect(embedder.embed(['a'])).rejects.toThrow(/something else than 1 embeddings/);
  });

  it('names its model, so that vectors of two models never mix', async () => {
    expect((await endpoint(() => ({}))).model).toBe('test-model');
    expect(new Embedder(new Settings('/nowhere', '/nowhere.db'), new Counters()).model).toBe(
      'hashed-words-and-trigrams-512',
    );
  });
});
