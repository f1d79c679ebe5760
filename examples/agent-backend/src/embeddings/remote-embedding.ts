import type { EmbeddingSettings } from '../settings.js';

const BATCH = 96;
const TIMEOUT_MS = 10_000;

/** Asks an OpenAI-compatible endpoint for the vectors of texts, in their order. Rejects with what is wrong and what to check. */
export async function remoteEmbeddings(
  texts: readonly string[],
  settings: EmbeddingSettings & { url: string },
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += BATCH) {
    vectors.push(...(await batch(texts.slice(start, start + BATCH), settings)));
  }
  return vectors;
}

async function batch(
  input: readonly string[],
  { url, model, apiKey }: EmbeddingSettings & { url: string },
): Promise<Float32Array[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
    body: JSON.stringify({ model, input }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new Error('the embedding endpoint did not answer: check EMBEDDINGS_URL', { cause });
  });
  if (!response.ok) {
    throw new Error(
      `the embedding endpoint answered ${response.status}: check EMBEDDINGS_MODEL and EMBEDDINGS_API_KEY`,
    );
  }
  return vectorsOf(await response.json(), input.length);
}

function vectorsOf(body: unknown, expectedCount: number): Float32Array[] {
  const { data } = body as { data?: { index: number; embedding: number[] }[] };
  if (!Array.isArray(data) || data.length !== expectedCount) {
    throw new Error(
      `the embedding endpoint answered something else than ${expectedCount} embeddings: check EMBEDDINGS_URL`,
    );
  }
  return [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => Float32Array.from(embedding));
}
