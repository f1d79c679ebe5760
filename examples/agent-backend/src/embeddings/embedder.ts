import { Injectable } from '@nestjs/common';
import { CacheEmbeddings } from 'nestjs-agent-cache';
import { Counters } from '../health/counters.js';
import { Settings } from '../settings.js';
import { LOCAL_MODEL, localEmbedding } from './local-embedding.js';
import { remoteEmbeddings } from './remote-embedding.js';

/** Turns texts into vectors: at the endpoint that the settings name, else right here. */
@Injectable()
export class Embedder {
  constructor(
    private readonly settings: Settings,
    private readonly counters: Counters,
  ) {}

  /** Vectors of one model can be compared, those of two cannot. */
  get model(): string {
    const { url, model } = this.settings.embeddings;
    return url ? model : LOCAL_MODEL;
  }

  /** One vector for each text, in their order. */
  @CacheEmbeddings({
    model(this: Embedder) {
      return this.model;
    },
  })
  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    this.counters.embeddingsComputed += texts.length;
    const { url } = this.settings.embeddings;
    return url ? remoteEmbeddings(texts, { ...this.settings.embeddings, url }) : texts.map(localEmbedding);
  }
}
