import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import type { CacheModuleOptions } from 'nestjs-agent-cache';
import request from 'supertest';
import { AppModule } from '../../examples/agent-backend/src/app.module.js';
import { APP_OPTIONS, prepare } from '../../examples/agent-backend/src/prepare.js';
import { type EmbeddingSettings, Settings } from '../../examples/agent-backend/src/settings.js';
import type { TaskAnswer } from '../../examples/agent-backend/src/task/task-runner.js';

export interface TaskBody {
  readonly taskId?: string;
  readonly message: string;
  readonly toolCalls?: readonly { tool: string; params: Record<string, unknown> }[];
  readonly userId?: string;
}

export interface RunningBackendOptions {
  readonly adapt?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  readonly embeddings?: EmbeddingSettings;
  /** Folder of another backend to work in; a copy of `files` by default. */
  readonly workspace?: string;
}

/** The example backend as a Nest app in this process, with a workspace and a database of its own. */
export class RunningBackend {
  private constructor(
    readonly app: NestExpressApplication,
    /** Absolute folder. */
    readonly workspace: string,
    private readonly folder: string,
    /** Everything that was logged while it ran. */
    readonly logged: string[],
  ) {}

  /**
   * `cache`: options of the cache, `null` for a backend without its module. `files`: what the workspace begins with.
   * `embeddings`: where they come from; computed here by default.
   */
  static async start(
    cache: CacheModuleOptions | null,
    files: string,
    { adapt = (builder) => builder, embeddings, workspace: shared }: RunningBackendOptions = {},
  ): Promise<RunningBackend> {
    forgetCacheVariables();
    const folder = await mkdtemp(join(tmpdir(), 'agent-backend-'));
    const workspace = shared ?? join(folder, 'workspace');
    if (shared === undefined) await cp(files, workspace, { recursive: true, preserveTimestamps: true });
    const logged: string[] = [];
    const settings = new Settings(workspace, join(folder, 'backend.db'), embeddings);
    const builder = Test.createTestingModule({ imports: [AppModule.with(settings, cache)] }).setLogger(
      collecting(logged),
    );
    const compiled = await adapt(builder).compile();
    const app = prepare(compiled.createNestApplication<NestExpressApplication>(APP_OPTIONS));
    await app.init();
    return new RunningBackend(app, workspace, folder, logged);
  }

  async close(): Promise<void> {
    await this.app.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A `POST /task` that is expected to succeed. */
  async task(body: TaskBody, headers: Record<string, string> = {}): Promise<TaskAnswer> {
    const response = await this.post(body, headers);
    if (response.status !== 200) throw new Error(`POST /task answered ${response.status}: ${response.text}`);
    return response.body as TaskAnswer;
  }

  post(body: object, headers: Record<string, string> = {}): request.Test {
    return request(this.app.getHttpServer()).post('/task').set(headers).send(body);
  }

  get(path: string): request.Test {
    return request(this.app.getHttpServer()).get(path);
  }

  /** Resolves when the cache has reached its Redis server; at once where it needs none. */
  async isConnected(): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const { body } = await this.get('/cache/health');
      if (body.mode === 'memory' || body.connected) return;
      await sleep(25);
    }
    throw new Error('the cache did not reach its Redis server within five seconds');
  }

  async counts(): Promise<{
    queries: number;
    toolExecutions: number;
    embeddingsComputed: number;
    promptsAssembled: number;
  }> {
    return (await this.get('/health')).body.counts;
  }
}

/** What of an answer must be the same with and without a cache: all but ids, times and where it came from. */
export function comparable(answer: unknown): unknown {
  const text = JSON.stringify(answer, (name, value: unknown) => (VARYING.has(name) ? undefined : value));
  return JSON.parse(text.replace(/task-[0-9a-f-]{36}/g, '<task>').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'));
}

const VARYING: ReadonlySet<string> = new Set(['taskId', 'ms', 'cache_hit']);

/** Copies this repository's own sources and pages, to be worked on without harm, and answers the folder. */
export async function copyOfRepository(
  names: readonly string[] = ['src', 'docs', 'package.json', 'LICENSE'],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-backend-files-'));
  for (const name of names) {
    await cp(name, join(folder, name), { recursive: true, preserveTimestamps: true });
  }
  return folder;
}

/** The shell's own settings must not decide what a test runs on. */
function forgetCacheVariables(): void {
  for (const name of Object.keys(process.env)) if (/^(CACHE_|REDIS_URL$)/.test(name)) delete process.env[name];
}

function collecting(lines: string[]): LoggerService {
  const collect = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  return { log: () => undefined, debug: () => undefined, warn: collect, error: collect, fatal: collect };
}
