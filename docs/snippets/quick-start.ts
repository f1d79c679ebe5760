import { readFile, writeFile } from 'node:fs/promises';
import { Injectable, Module } from '@nestjs/common';
import { CacheContext, CacheModule, CacheReadOnlyTool, InvalidatesContext } from 'nestjs-agent-cache';

@Injectable()
export class ContextBuilder {
  private readonly messages = new Map<string, string[]>();

  /** Runs once for a task and turn, however often the agent asks. */
  @CacheContext()
  async build(request: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
    return { messages: this.messages.get(request.taskId) ?? [] };
  }

  @InvalidatesContext()
  async append({ taskId, message }: { taskId: string; message: string }): Promise<void> {
    this.messages.set(taskId, [...(this.messages.get(taskId) ?? []), message]);
  }
}

@Injectable()
export class ToolExecutor {
  /** A file that was read is not read again, until a tool that is not READ_ONLY runs. */
  @CacheReadOnlyTool()
  async execute({
    tool,
    params,
  }: {
    tool: string;
    params: { path: string; text?: string };
  }): Promise<{ text: string }> {
    if (tool === 'write_file') await writeFile(params.path, params.text ?? '');
    return { text: await readFile(params.path, 'utf8') };
  }
}

@Module({
  imports: [
    CacheModule.forRoot({
      tools: { read_file: { permissionTier: 'READ_ONLY' }, write_file: { permissionTier: 'WRITE' } },
    }),
  ],
  providers: [ContextBuilder, ToolExecutor],
})
export class AppModule {}
