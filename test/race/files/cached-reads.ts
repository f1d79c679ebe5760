import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LocalFileStates } from '../../../src/agent/files/file-states.js';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { systemClock } from '../../../src/composition/system-clock.js';
import { AgentCache } from '../../../src/core/cache.js';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { type Mutant, MUTANTS } from './mutants.js';
import { dependenciesOf, runTool, type ToolCall } from './tools.js';

export interface CachedReads {
  /** The answer to a call, through the cache. `status`: `hit memory`, `miss`, … */
  read(call: ToolCall): Promise<{ readonly answer: unknown; readonly status: string }>;
  close(): Promise<void>;
}

@Injectable()
class Tools {
  @CacheReadOnlyTool()
  async run(call: ToolCall): Promise<unknown> {
    // What tools do takes time, and files change meanwhile.
    await nextTurn();
    const answer = runTool(call);
    await nextTurn();
    return answer;
  }
}

const looked = (tool: ToolCall['tool']): ToolDescriptor => ({
  permissionTier: 'READ_ONLY',
  dependsOn: (params: never) => dependenciesOf({ tool, params }),
  validate: 'stat',
});

/** Tools of an app with the cache on Redis. Nobody tells it of changes. */
export async function openCachedReads(redisUrl: string, mutant: Mutant | null): Promise<CachedReads> {
  const redis = { url: redisUrl, timeout: '2s' } as const;
  const names = ['read_file', 'read_all', 'list_files', 'search'] as const;
  const tools = Object.fromEntries(names.map((name) => [name, looked(name)]));

  @Module({ imports: [CacheModule.forRoot({ prefix: 'walk', redis, tools })], providers: [Tools] })
  class AppModule {}

  const builder = Test.createTestingModule({ imports: [AppModule] });
  const files = new LocalFileStates(systemClock);
  if (mutant !== null) builder.overrideProvider(LocalFileStates).useValue(MUTANTS[mutant](files));
  const app = await builder.compile();
  await app.init();
  const [cache, executor] = [app.get(AgentCache, { strict: false }), app.get(Tools, { strict: false })];
  return {
    async read(call) {
      const answer = await executor.run(call);
      const { status, tier } = cache.outcomeOf(answer) ?? {};
      return { answer, status: status === 'hit' ? `hit ${tier}` : String(status) };
    },
    close: () => app.close(),
  };
}
