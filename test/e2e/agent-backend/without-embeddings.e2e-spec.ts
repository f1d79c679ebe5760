import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TaskAnswer } from '../../../examples/agent-backend/src/task/task-runner.js';
import { copyOfRepository, RunningBackend } from '../../support/agent-backend.js';
import { EmbeddingEndpoint } from '../../support/agent-backend-endpoint.js';

let files: string;
beforeAll(async () => void (files = await copyOfRepository(['LICENSE'])));
afterAll(() => rm(files, { recursive: true }));

describe('the backend while its embedding endpoint is broken', () => {
  let endpoint: EmbeddingEndpoint;
  let backend: RunningBackend;
  let answer: TaskAnswer;

  beforeAll(async () => {
    endpoint = await EmbeddingEndpoint.start();
    endpoint.status = 500;
    backend = await RunningBackend.start({}, files, { embeddings: endpoint.settings });
    answer = await backend.task({ message: 'list .; find passages about warranty' });
  });
  afterAll(async () => {
    await backend.close();
    await endpoint.stop();
  });

  const FAILURE = 'the embedding endpoint answered 500: it is busy or broken, try again later';

  it('goes on without notes, and says why', () => {
    expect(answer.steps.find(({ kind }) => kind === 'embedding')).toMatchObject({
      ok: false,
      error: { code: 'NO_EMBEDDINGS', message: FAILURE },
    });
    expect(answer.steps.find(({ tool }) => tool === 'list_directory')).toMatchObject({ ok: true });
    expect(answer.steps.at(-1)).toMatchObject({ kind: 'prompt', ok: true });
  });

  it('fails at semantic_search alone, and says why', () => {
    expect(answer.steps.find(({ tool }) => tool === 'semantic_search')).toMatchObject({
      ok: false,
      error: { code: 'FAILED', message: FAILURE },
    });
    expect(answer.answer).toContain(`semantic_search did not work: ${FAILURE}`);
  });

  it('keeps what was said and done, and tells the log', async () => {
    const { body } = await backend.get(`/task/${answer.taskId}`).expect(200);
    expect(body.messages).toHaveLength(2);
    expect(body.toolCalls).toHaveLength(2);
    expect(backend.logged.join('\n')).toContain(FAILURE);
  });
});
