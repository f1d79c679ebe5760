import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { AgentCache } from '../../../src/core/cache.js';
import { CacheKeyGenerator } from '../../../src/core/key/cache-key-generator.js';
import { file, resource } from '../../../src/core/policy/resource.js';
import { CacheScope } from '../../../src/composition/cache-scope.js';
import type { CacheModuleOptions } from '../../../src/nest/cache.module-definition.js';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheEmbeddings } from '../../../src/nest/decorators/cache-embeddings.decorator.js';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CachePrompt } from '../../../src/nest/decorators/cache-prompt.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { InvalidatesContext } from '../../../src/nest/decorators/invalidates-context.decorator.js';

/** Words that nothing else holds, by what they stand for: a value, a parameter, or an id. */
export const MARKERS = {
  taskId: 'MRKtask1x7Qw',
  message: 'MRKmessage8Zk',
  appended: 'MRKappended3p',
  tool: 'MRKtool5vN',
  path: 'MRKpath9aLd',
  fileText: 'MRKfiletext4',
  embeddedVector: 'MRKvectr',
  promptText: 'MRKprompt6tY',
  streamPart: 'MRKstream2hB',
  userId: 'MRKuser77Kc',
  userName: 'MRKname31Dd',
  tag: 'MRKtag48Ss',
  lateTag: 'MRKlatetag5',
  dependsOnTag: 'MRKbelow9Vb',
  tenant: 'MRKtenant6Jm',
  principal: 'MRKprincipal2',
  workspace: 'MRKworkspace1',
  session: 'MRKsession8',
  resourceType: 'MRKtype55',
  resourceId: 'MRKresource3',
  batchKey: 'MRKbatch12Xs',
  batchValue: 'MRKbatchval9',
  setKey: 'MRKset64Ww',
  setValue: 'MRKsetval22',
  throughValue: 'MRKthrough7',
  namespace: 'MRKspace19',
  vary: 'MRKvary83',
  pattern: 'MRKpattern4',
  mutatedPath: 'MRKmutated6',
} as const;

const { taskId, tool, path, userId, tag } = MARKERS;
const call = { tool, params: { path: `/srv/${path}/notes.txt` } };

@Injectable()
class Everything {
  @CacheContext()
  async context({ taskId: task, turn }: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
    return { messages: [`${MARKERS.message} ${task} ${turn}`] };
  }
  @InvalidatesContext()
  async append(message: { taskId: string; text: string }): Promise<string> {
    return message.text;
  }
  @CacheReadOnlyTool()
  async execute(asked: { tool: string; params: { path: string } }): Promise<{ text: string }> {
    return { text: `${MARKERS.fileText} of ${asked.params.path}` };
  }
  @CacheEmbeddings({ model: 'small', dimensions: 2 })
  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    return texts.map(() => new Float32Array(new Uint8Array(Buffer.from(MARKERS.embeddedVector)).buffer));
  }
  @CachePrompt({ template: 'v1' })
  async prompt(about: string): Promise<string> {
    return `${MARKERS.promptText} ${about}`;
  }
  @CachePrompt({ model: 'small', temperature: 0, stream: 'replay' })
  async *stream(about: string): AsyncGenerator<string> {
    yield about;
    yield MARKERS.streamPart;
  }
  @Cacheable({ namespace: MARKERS.namespace, key: (id: string) => id, tags: [tag] })
  async user(id: string): Promise<{ id: string; name: string }> {
    return { id, name: MARKERS.userName };
  }
  @CacheEvict({ namespace: MARKERS.namespace, key: (id: string) => id })
  async save(_id: string): Promise<void> {}
}

const ignore = (): void => undefined;

/** An app that does everything there is to do with a cache, with marked values, parameters and ids. */
export class EverythingApp {
  private readonly cache: AgentCache;
  readonly keys: CacheKeyGenerator;
  private readonly scope: CacheScope;
  private readonly everything: Everything;

  private constructor(private readonly app: TestingModule) {
    this.cache = app.get(AgentCache, { strict: false });
    this.keys = app.get(CacheKeyGenerator, { strict: false });
    this.scope = app.get(CacheScope, { strict: false });
    this.everything = app.get(Everything);
  }

  static async start(options: CacheModuleOptions): Promise<EverythingApp> {
    const readFile = { permissionTier: 'READ_ONLY', dependsOn: ({ path: at }: { path: string }) => [file(at)] };
    const writeFile = { permissionTier: 'WRITE', mutates: ({ path: at }: { path: string }) => [file(at)] };
    const app = await Test.createTestingModule({
      imports: [
        CacheModule.forRoot({
          prefix: 'values',
          cascade: { tag: (name) => (name === tag ? [MARKERS.dependsOnTag] : []) },
          tools: { [tool]: readFile, write_file: writeFile },
          ...options,
        }),
      ],
      providers: [Everything],
    })
      .setLogger({ log: ignore, warn: ignore, error: ignore })
      .compile();
    await app.init();
    return new EverythingApp(app);
  }

  /** Digests of parameters, by which a guess at them could be tried. */
  get digests(): string[] {
    const { keys } = this;
    const made = [
      keys.toolKey(tool, call.params),
      keys.embeddingKey(MARKERS.promptText, { model: 'small', dimensions: 2 }),
    ];
    return made.map((key) => key.slice(key.lastIndexOf(':') + 1));
  }

  /** Twice, so that what is stored is read. Answers how many calls were hits. */
  async useAll(): Promise<number> {
    let hits = 0;
    this.cache.on('hit', () => void hits++);
    for (let round = 0; round < 2; round++) {
      await this.callMethods();
      await this.scope.run(this.who, () => this.callMethods());
      await this.scope.run(this.who, () => this.callCache());
      await this.workOnCopy();
    }
    await this.scope.run(this.who, () => this.invalidateAll());
    return hits;
  }

  close(): Promise<void> {
    return this.app.close();
  }

  private get who() {
    const { tenant, principal, workspace, session } = MARKERS;
    return { tenant, principal, workspace, session };
  }

  private async callMethods(): Promise<void> {
    const { everything } = this;
    await everything.context({ taskId, turn: 1 });
    await everything.execute(call);
    await everything.embed([MARKERS.promptText, userId]);
    await everything.prompt(userId);
    for await (const _part of everything.stream(userId));
    await everything.user(userId);
  }

  private async callCache(): Promise<void> {
    const { cache, keys } = this;
    const batch = [1, 2, 3].map((n) => keys.key('batch', MARKERS.batchKey, n));
    await cache.getOrLoadMany(batch, async (missing) => missing.map(() => MARKERS.batchValue), { tags: [tag] });
    const late = keys.key('late', userId);
    const dependsOn = [resource(MARKERS.resourceType, MARKERS.resourceId)];
    await cache.getOrLoad(
      late,
      async (load) => {
        load.tag(MARKERS.lateTag);
        return { name: MARKERS.userName };
      },
      { dependsOn, context: taskId, vary: MARKERS.vary },
    );
    await cache.set(keys.key('set', MARKERS.setKey), MARKERS.setValue);
    await cache.get(keys.key('set', MARKERS.setKey));
    await cache.writeThrough(keys.key('through', MARKERS.setKey), MARKERS.throughValue, async () => undefined);
    await cache.explain(late);
  }

  /** A run on a copy of its own, which changes it. */
  private async workOnCopy(): Promise<void> {
    const copy = { ...this.who, base: `repo@${MARKERS.path}` };
    await this.scope.run(copy, async () => {
      await this.everything.execute(call);
      await this.everything.execute({ tool: 'write_file', params: { path: `/srv/${MARKERS.mutatedPath}` } });
      await this.everything.execute(call);
    });
  }

  private async invalidateAll(): Promise<void> {
    const { cache, keys, everything } = this;
    await everything.append({ taskId, text: MARKERS.appended });
    await everything.save(userId);
    await everything.execute({ tool: 'write_file', params: { path: `/srv/${MARKERS.mutatedPath}` } });
    const targets = [
      { tag },
      { context: taskId },
      { namespace: MARKERS.namespace },
      { resource: resource(MARKERS.resourceType, MARKERS.resourceId) },
      { scope: { level: 'tenant', id: MARKERS.tenant } },
      { key: keys.key('set', MARKERS.setKey) },
      { pattern: `${MARKERS.pattern}:${MARKERS.pattern}*` },
      { pattern: `*${MARKERS.pattern}*` },
    ] as const;
    for (const target of targets) {
      const { acknowledged } = await cache.invalidate(target);
      if (!acknowledged) throw new Error(`not acknowledged: ${JSON.stringify(target)}`);
    }
    await cache.delete(keys.key('through', MARKERS.setKey));
  }
}
