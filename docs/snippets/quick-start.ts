import { Injectable, Module } from '@nestjs/common';
import { CacheContext, CacheModule, CacheReadOnlyTool, InvalidatesContext } from 'nestjs-agent-cache';
import { addMessage, findMessages } from './support/messages.js';
import { runTool, type ToolCall } from './support/tools.js';

@Injectable()
export class ContextBuilder {
  /** Runs once for a task and turn, however often the agent asks. */
  @CacheContext()
  async build(request: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
    return { messages: await findMessages(request.taskId) };
  }

  @InvalidatesContext()
  async append(message: { taskId: string; text: string }): Promise<void> {
    await addMessage(message);
  }
}

@Injectable()
export class ToolExecutor {
  /** A file that was read is not read again until a tool runs that is not READ_ONLY. */
  @CacheReadOnlyTool()
  async execute(call: ToolCall): Promise<{ text: string }> {
    return runTool(call);
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
