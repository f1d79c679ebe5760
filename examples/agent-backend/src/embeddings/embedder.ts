import { Injectable, Logger } from '@nestjs/common';
import { CacheEmbeddings } from 'nestjs-agent-cache';
import { Counters } from '../health/counters.js';
import { Settings } from '../settings.js';
import type { EmbeddingError } from './embedding-error.js';
import { LOCAL_MODEL, localEmbedding } from './local-embedding.js';
import { remoteEmbeddings } from './remote-embedding.js';

/** Turns texts into vectors: at the endpoint that the settings name, else right here. */
@Injectable()
export class Embedder {
  private readonly log = new Logger(Embedder.name);

  constructor(
    private readonly settings: Settings,
    private readonly counters: Counters,
  ) {}

  /** Vectors of one model can be compared, those of two cannot. */
  get model(): string {
    const { url, model } = this.settings.embeddings;
    return url ? model : LOCAL_MODEL;
  }

  /** One vector for each text, in their order. Rejects with an `EmbeddingError`. */
  @CacheEmbeddings({
    model(this: Embedder) {
      return this.model;
    },
  })
  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    this.counters.embeddingsComputed += texts.length;
    const { url } = this.settings.embeddings;
    if (!url) return texts.map(localEmbedding);
    return remoteEmbeddings(texts, { ...this.settings.embeddings, url }).catch((error: EmbeddingError) => {
      this.log.error(error.message);
      throw error;
    });
  }
}
