import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Context, ContextBuilder } from '../../../examples/agent-backend/src/context/context-builder.js';
import { MessageStore } from '../../../examples/agent-backend/src/context/message-store.js';
import { NoteStore } from '../../../examples/agent-backend/src/context/note-store.js';
import { TaskStore } from '../../../examples/agent-backend/src/task/task-store.js';
import { copyOfRepository, RunningBackend } from '../../support/agent-backend.js';

let files: string;
let backend: RunningBackend;

beforeAll(async () => {
  files = await copyOfRepository(['LICENSE']);
  backend = await RunningBackend.start({}, files);
});
afterAll(async () => {
  await backend.close();
  await rm(files, { recursive: true });
});

const userId = 'local';

/** A task in whose first turn the user has said something, and its context, which is built anew or read from the cache. */
async function begun(): Promise<{ taskId: string; context: (turn: number) => Promise<Context> }> {
  const { taskId } = await backend.app.get(TaskStore).open(undefined, userId);
  await backend.app.get(MessageStore).appendUserMessage({ taskId, content: 'first' });
  return { taskId, context: (turn) => backend.app.get(ContextBuilder).build({ taskId, turn, userId }) };
}
const said = ({ messages }: Context) => messages.slice(1).map(({ role, content }) => `${role}: ${content}`);

describe('a context that was read before', () => {
  it('is read from the cache while nothing has changed', async () => {
    const { context } = await begun();
    await context(1);
    const { queries } = await backend.counts();
    expect(said(await context(1))).toEqual(['user: first']);
    expect((await backend.counts()).queries).toBe(queries);
  });

  it('holds a note of the user that was added since', async () => {
    const { context } = await begun();
    expect((await context(1)).notes).not.toContain('just added');
    await backend.app.get(NoteStore).add({ userId, text: 'just added' });
    expect((await context(1)).notes[0]).toBe('just added');
  });

  it('holds what the agent said at the end of the turn', async () => {
    const { taskId, context } = await begun();
    expect(said(await context(1))).toEqual(['user: first']);
    await backend.app.get(MessageStore).completeTurn({ taskId, turn: 1, toolCalls: [], answer: 'done' });
    expect(said(await context(1))).toEqual(['user: first', 'assistant: done']);
  });

  it('holds what the user said next', async () => {
    const { taskId, context } = await begun();
    expect(said(await context(2))).toEqual(['user: first']);
    await backend.app.get(MessageStore).appendUserMessage({ taskId, content: 'second' });
    expect(said(await context(2))).toEqual(['user: first', 'user: second']);
  });
});
