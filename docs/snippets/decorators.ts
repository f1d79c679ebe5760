import { Injectable, Module } from '@nestjs/common';
import {
  bindCache,
  Cacheable,
  CacheEmbeddings,
  CacheEvict,
  CacheModule,
  CachePrompt,
  CacheReadOnlyTool,
  NeverCache,
} from 'nestjs-agent-cache';
import { embedText, fetchPrice, findUser, saveUser, summaryOf, type User } from './support/services.js';
import { runTool, type ToolCall } from './support/tools.js';

// #region tools
@Injectable()
export class GuardedExecutor {
  @CacheReadOnlyTool({
    // Before every hit and every load, with the executor as `this`. What it throws is the caller's.
    authorize(this: GuardedExecutor, call: ToolCall & { userId: string }) {
      this.mustBeAllowed(call.userId, call.tool);
    },
    // Takes the place of everything but the tool and its parameters.
    vary: (call: ToolCall & { userId: string }) => call.userId,
  })
  async execute(call: ToolCall & { userId: string }): Promise<{ text: string }> {
    this.mustBeAllowed(call.userId, call.tool);
    return runTool(call);
  }

  private mustBeAllowed(_userId: string, _tool: string): void {
    // Throws where the user may not run the tool.
  }
}
// #endregion tools

// #region embeddings
@Injectable()
export class Embedder {
  @CacheEmbeddings({ model: 'text-embedding-3-small', dimensions: 2 })
  embed(texts: readonly string[]): Promise<Float32Array[]> {
    return Promise.all(texts.map((text) => embedText(text)));
  }
}
// #endregion embeddings

// #region values
@Injectable()
export class Users {
  @Cacheable({ namespace: 'users', key: (id: number) => id, ttl: '10m' })
  find(id: number): Promise<User | null> {
    return findUser(id);
  }

  @CacheEvict({ namespace: 'users', key: (user: User) => user.id })
  async save(user: User): Promise<void> {
    await saveUser(user);
  }

  @CachePrompt({ template: 'greeting v2' })
  async greeting(userId: number): Promise<string> {
    return `Greet ${(await findUser(userId))?.name ?? 'them'}.`;
  }
}
// #endregion values

// #region never
@Injectable()
export class Scratchpad {
  private readonly steps: string[] = [];

  /** Working state: whatever is bound to this class, it is never stored. */
  @NeverCache()
  read(): Promise<readonly string[]> {
    return Promise.resolve([...this.steps]);
  }
}
// #endregion never

// #region stream
@Injectable()
export class Summaries {
  /** Temperature 0, or a hit would be one of many answers. */
  @CachePrompt({ model: 'small-model', temperature: 0, stream: 'replay' })
  async *summarize(text: string): AsyncGenerator<string> {
    for (const part of text.split('\n\n')) yield await summaryOf(part);
  }
}
// #endregion stream

// #region bindings
/** A class that nobody may touch. */
export class PriceClient {
  of(article: string): Promise<number> {
    return fetchPrice(article);
  }
}

@Module({
  imports: [CacheModule.forRoot({ bindings: [bindCache(PriceClient, { of: Cacheable.policy({ ttl: '5m' }) })] })],
  providers: [PriceClient],
})
export class PricesModule {}
// #endregion bindings
