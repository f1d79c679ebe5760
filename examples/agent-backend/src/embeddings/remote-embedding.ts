import type { EmbeddingSettings } from '../settings.js';
import { EmbeddingError } from './embedding-error.js';

const BATCH = 96;
const TIMEOUT_MS = 10_000;

type Endpoint = EmbeddingSettings & { readonly url: string };

/** Asks an OpenAI-compatible endpoint for the vectors of texts, in their order. Rejects with an `EmbeddingError`. */
export async function remoteEmbeddings(texts: readonly string[], endpoint: Endpoint): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += BATCH) {
    const input = texts.slice(start, start + BATCH);
    vectors.push(...vectorsOf(await ask(endpoint, input), input.length));
  }
  if (new Set(vectors.map(({ length }) => length)).size > 1) throw strange('vectors of different lengths');
  return vectors;
}

/** What the endpoint answered, as JSON. */
async function ask({ url, model, apiKey }: Endpoint, input: readonly string[]): Promise<unknown> {
  let text: string;
  let status: number;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      body: JSON.stringify({ model, input }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    ({ status } = response);
    text = await response.text();
  } catch (cause) {
    throw new EmbeddingError(`the embedding endpoint did not answer (${reasonOf(cause)}): check EMBEDDINGS_URL`, {
      cause,
    });
  }
  if (status !== 200) throw new EmbeddingError(`the embedding endpoint answered ${status}: ${adviceOn(status)}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw strange('something else than JSON', cause);
  }
}

/** Such as `ECONNREFUSED` or `TimeoutError`. Messages are left out: they may hold the whole address, with a password. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name: string; cause?: { code?: string } };
  return cause?.code ?? name;
}

function adviceOn(status: number): string {
  if (status === 429 || status >= 500) return 'it is busy or broken, try again later';
  return 'check EMBEDDINGS_MODEL, EMBEDDINGS_API_KEY and EMBEDDINGS_URL';
}

function vectorsOf(body: unknown, expectedCount: number): Float32Array[] {
  const { data } = (body ?? {}) as { data?: ({ index?: unknown; embedding?: unknown } | null)[] };
  if (!Array.isArray(data) || data.length !== expectedCount)
    throw strange(`something else than ${expectedCount} embeddings`);
  const byIndex = new Map(data.map((item) => [item?.index, item?.embedding]));
  return data.map((_, index) => {
    const embedding = byIndex.get(index);
    if (!byIndex.has(index)) throw strange(`no embedding for text ${index}`);
    if (!isVector(embedding)) throw strange('embeddings that are no lists of numbers');
    return Float32Array.from(embedding);
  });
}

/** The numbers must be finite as they are kept, too. */
function isVector(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((x) => typeof x === 'number' && Number.isFinite(Math.fround(x)))
  );
}

function strange(what: string, cause?: unknown): EmbeddingError {
  return new EmbeddingError(`the embedding endpoint answered with ${what}: check EMBEDDINGS_URL`, { cause });
}
