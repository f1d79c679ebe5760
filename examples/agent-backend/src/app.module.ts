import { type DynamicModule, Module, ValidationPipe } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_PIPE } from '@nestjs/core';
import type { CacheModuleOptions } from 'nestjs-agent-cache';
import { caching, wantsCache } from './caching.js';
import { ContextBuilder } from './context/context-builder.js';
import { MessageStore } from './context/message-store.js';
import { NoteStore } from './context/note-store.js';
import { PromptAssembler } from './context/prompt-assembler.js';
import { Database } from './database/database.js';
import { Embedder } from './embeddings/embedder.js';
import { Counters } from './health/counters.js';
import { HealthController } from './health/health.controller.js';
import { Settings } from './settings.js';
import { BodyLimitsPipe } from './task/body-limits.pipe.js';
import { TaskController } from './task/task.controller.js';
import { TaskRunner } from './task/task-runner.js';
import { TaskStore } from './task/task-store.js';
import { SemanticSearch } from './tools/semantic-search.js';
import { toolDescriptors } from './tools/tool-descriptors.js';
import { ToolExecutor } from './tools/tool-executor.js';
import { ToolRegistry } from './tools/tool-registry.js';
import { Workspace } from './tools/workspace.js';

@Module({
  controllers: [TaskController, HealthController],
  providers: [
    ...[Counters, Database, TaskStore, MessageStore, NoteStore, ContextBuilder, PromptAssembler, TaskRunner],
    ...[Workspace, Embedder, SemanticSearch, ToolRegistry, ToolExecutor, toolDescriptors],
    { provide: APP_PIPE, useClass: BodyLimitsPipe },
    {
      provide: APP_PIPE,
      useValue: new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }),
    },
  ],
})
export class AppModule {
  /** The backend with these settings. `cache`: options of the cache, or `null` for none. */
  static with(settings: Settings, cache: CacheModuleOptions | null): DynamicModule {
    return {
      module: AppModule,
      imports: caching(cache),
      providers: [{ provide: Settings, useValue: settings }],
    };
  }

  /** The backend as the environment and the file `.env` describe it; `AGENT_BACKEND_CACHE=off` leaves the cache out. */
  static async fromEnvironment(): Promise<DynamicModule> {
    const configuration = ConfigModule.forRoot({ isGlobal: true });
    await ConfigModule.envVariablesLoaded;
    const app = AppModule.with(Settings.from(process.env), wantsCache(process.env) ? {} : null);
    return { ...app, imports: [configuration, ...(app.imports ?? [])] };
  }
}
