const DIMENSIONS = 512;
const TRIGRAM_WEIGHT = 0.35;
const FILLERS: ReadonlySet<string> = new Set(
  'a an and are as at be but by can do does for from has have how if in into is it its not of on or so that the their then there these they this to was what when where which who why will with you your'.split(
    ' ',
  ),
);

/** Name of this way of making vectors; another name is another space. */
export const LOCAL_MODEL = 'hashed-words-and-trigrams-512';

/**
 * Turns text into 512 numbers of length 1 without any model: each word and each three letters in a row count at the
 * place that their hash names. Good at finding passages by their words, in any of their forms; the same everywhere.
 */
export function localEmbedding(text: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  for (const [word, count] of wordCounts(text)) {
    const weight = 1 + Math.log(count);
    add(vector, word, weight);
    const trigrams = ` ${word} `;
    const share = (TRIGRAM_WEIGHT * weight) / Math.sqrt(word.length);
    for (let i = 0; i + 3 <= trigrams.length; i++) add(vector, trigrams.slice(i, i + 3), share);
  }
  return normalised(vector);
}

function wordCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  // Names in code are several words: readFile, MAX_BYTES.
  const words = text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').toLowerCase();
  for (const [word] of words.matchAll(/[\p{L}\p{N}]+/gu)) {
    if (!FILLERS.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function add(vector: Float32Array, feature: string, weight: number): void {
  const hash = fnv1a(feature);
  // One bit of the hash as the sign: features that meet in one place cancel out on average.
  vector[hash % DIMENSIONS]! += hash & 0x8000_0000 ? -weight : weight;
}

function fnv1a(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}

function normalised(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((x) => x / length) : vector;
}
