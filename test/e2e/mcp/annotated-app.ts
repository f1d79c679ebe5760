import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { McpController, Tool } from '@rekog/mcp-nest';
import { AgentCache, type CacheFactoryOptions, CacheModule, CacheReadOnlyTool } from '../../../src/index.js';
import { serve } from '../../support/child-side.js';

/** Tools as an app declares them to `@rekog/mcp-nest`. */
@McpController()
class OwnTools {
  @Tool({ name: 'read', description: 'Reads', annotations: { readOnlyHint: true } })
  read(): string {
    return 'read';
  }

  @Tool({ name: 'closed', description: 'Reads', annotations: { readOnlyHint: true, openWorldHint: false } })
  closed(): string {
    return 'closed';
  }

  @Tool({ description: 'Has the name of its method', annotations: { readOnlyHint: true, destructiveHint: false } })
  unnamed(): string {
    return 'unnamed';
  }

  @Tool({ name: 'browse', description: 'Looks around', annotations: { readOnlyHint: true, openWorldHint: true } })
  browse(): string {
    return 'browse';
  }

  @Tool({ name: 'torn', description: 'Says both', annotations: { readOnlyHint: true, destructiveHint: true } })
  torn(): string {
    return 'torn';
  }

  @Tool({ name: 'write', description: 'Writes', annotations: { readOnlyHint: false } })
  write(): string {
    return 'write';
  }

  @Tool({ name: 'titled', description: 'Says nothing of it', annotations: { title: 'Titled' } })
  titled(): string {
    return 'titled';
  }

  @Tool({ name: 'plain', description: 'Has no annotations' })
  plain(): string {
    return 'plain';
  }
}

@Injectable()
class Executor {
  @CacheReadOnlyTool()
  async execute({ tool }: { tool: string; params: object }): Promise<{ tool: string }> {
    return { tool };
  }
}

/** What becomes of two calls of each of these tools. */
async function outcomes({
  names,
  tools,
}: {
  names: string[];
  tools?: CacheFactoryOptions['tools'];
}): Promise<string[]> {
  @Module({
    imports: [CacheModule.forRoot({ prefix: 'test', ...(tools && { tools }) })],
    controllers: [OwnTools],
    providers: [Executor],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const cache = app.get(AgentCache);
  const reasons: string[] = [];
  cache.on('bypass', ({ reason }) => reasons.push(reason));
  const found: string[] = [];
  for (const tool of names) {
    await app.get(Executor).execute({ tool, params: {} });
    const status = cache.outcomeOf(await app.get(Executor).execute({ tool, params: {} }))?.status;
    found.push(status === 'bypass' ? String(reasons.at(-1)) : String(status));
  }
  await app.close();
  return found;
}

serve({ outcomes });
