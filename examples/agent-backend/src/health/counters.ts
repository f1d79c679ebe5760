import { Injectable } from '@nestjs/common';

/** What the backend did since it started, counted where it is done. */
@Injectable()
export class Counters {
  /** SQL statements. */
  queries = 0;
  /** Tools that ran, whatever came of it. */
  toolExecutions = 0;
  /** Texts that were turned into vectors. */
  embeddingsComputed = 0;
  promptsAssembled = 0;

  snapshot(): { queries: number; toolExecutions: number; embeddingsComputed: number; promptsAssembled: number } {
    const { queries, toolExecutions, embeddingsComputed, promptsAssembled } = this;
    return { queries, toolExecutions, embeddingsComputed, promptsAssembled };
  }
}
