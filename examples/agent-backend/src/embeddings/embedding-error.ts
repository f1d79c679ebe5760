import { ToldError } from '../told-error.js';

/** Why there are no embeddings. */
export class EmbeddingError extends ToldError {
  override readonly name = 'EmbeddingError';
  readonly code = 'NO_EMBEDDINGS';
}
