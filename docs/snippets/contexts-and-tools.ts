import { Injectable, Module } from '@nestjs/common';
import {
  CacheContext,
  CacheModule,
  descriptorFromAnnotations,
  InvalidatesContext,
  type ToolAnnotations,
  type ToolDescriptor,
} from 'nestjs-agent-cache';
import { addMessage, findMessages } from './support/messages.js';

// #region fingerprint
interface Turn {
  readonly taskId: string;
  readonly turn: number;
}

@Injectable()
export class Conversation {
  @CacheContext({
    // In place of a history that the request would name: how many messages there are now.
    fingerprint: async ({ taskId }: Turn) => (await findMessages(taskId)).length,
  })
  async build({ taskId }: Turn): Promise<{ messages: string[] }> {
    return { messages: await findMessages(taskId) };
  }

  @InvalidatesContext()
  append(message: { taskId: string; text: string }): Promise<void> {
    return addMessage(message);
  }
}
// #endregion fingerprint

/** Stands for what a client of another server was told of its tools. */
const foreignTools = new Map<string, ToolAnnotations>();

// #region foreign
/** Tools of another server, which this app chooses to trust. For a minute only: nobody here hears of what changes there. */
function describeForeign(tool: string): ToolDescriptor | undefined {
  const descriptor = descriptorFromAnnotations(foreignTools.get(tool));
  return descriptor && { ...descriptor, ttl: '1m' };
}

@Module({ imports: [CacheModule.forRoot({ tools: describeForeign })] })
export class AppModule {}
// #endregion foreign
