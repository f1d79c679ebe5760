import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { AgentCache } from 'nestjs-agent-cache';
import { AppModule, ContextBuilder, ToolExecutor } from '../../../docs/snippets/quick-start.js';

describe('the quick start', () => {
  let app: TestingModule;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quick-start-'));
    app = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await app.init();
  });
  afterEach(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });
  const statusOf = (result: object) => app.get(AgentCache).outcomeOf(result)?.status;

  it('builds a context once, and again after a message was appended', async () => {
    const contexts = app.get(ContextBuilder);
    const request = { taskId: 'task-1', turn: 1 };
    await contexts.append({ taskId: 'task-1', text: 'hello' });
    expect(statusOf(await contexts.build(request))).toBe('miss');
    expect(statusOf(await contexts.build(request))).toBe('hit');
    await contexts.append({ taskId: 'task-1', text: 'again' });
    const fresh = await contexts.build(request);
    expect(fresh.messages).toEqual(['hello', 'again']);
    expect(statusOf(fresh)).toBe('miss');
  });

  it('reads a file once, and again after one was written', async () => {
    const tools = app.get(ToolExecutor);
    const path = join(folder, 'a.txt');
    await writeFile(path, 'before');
    const read = { tool: 'read_file', params: { path } };
    expect(statusOf(await tools.execute(read))).toBe('miss');
    expect(statusOf(await tools.execute(read))).toBe('hit');
    await tools.execute({ tool: 'write_file', params: { path, text: 'after' } });
    expect(await tools.execute(read)).toEqual({ text: 'after' });
  });
});
