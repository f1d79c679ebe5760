import { resolve } from 'node:path';

/** Where text becomes vectors. */
export interface EmbeddingSettings {
  /** Whole address of an OpenAI-compatible endpoint, such as `http://localhost:11434/v1/embeddings`. `null`: computed here. */
  readonly url: string | null;
  readonly model: string;
  readonly apiKey: string | null;
}

/** A variable has a value with which the backend cannot start; the message says which, and what is expected. */
export class SettingsError extends Error {}

/** What the backend must know to start. */
export class Settings {
  constructor(
    /** The only folder that tools may touch; absolute. */
    readonly workspace: string,
    /** File of the database; absolute. */
    readonly databaseFile: string,
    readonly embeddings: EmbeddingSettings = { url: null, model: 'text-embedding-3-small', apiKey: null },
  ) {}

  /** An empty variable counts as absent. */
  static from(environment: NodeJS.ProcessEnv): Settings {
    const read = (name: string): string | null => environment[name]?.trim() || null;
    return new Settings(
      resolve(read('AGENT_BACKEND_WORKSPACE') ?? 'workspace'),
      resolve(read('AGENT_BACKEND_DATABASE') ?? '.cache/agent-backend.db'),
      {
        url: read('EMBEDDINGS_URL'),
        model: read('EMBEDDINGS_MODEL') ?? 'text-embedding-3-small',
        apiKey: read('EMBEDDINGS_API_KEY'),
      },
    );
  }
}
