import { cosine } from '../embeddings/cosine.js';

const LEAST_SCORE = 0.15;

/** The notes that have most to do with a message, by their vectors; the nearest first, `count` at most. */
export function nearestNotes(
  notes: readonly string[],
  message: Float32Array,
  vectors: readonly Float32Array[],
  count = 3,
): string[] {
  return notes
    .map((note, index) => ({ note, score: cosine(message, vectors[index]!) }))
    .filter(({ score }) => score >= LEAST_SCORE)
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ note }) => note);
}
