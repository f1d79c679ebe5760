import { Injectable } from '@nestjs/common';
import { CacheContext } from '../../src/nest/decorators/cache-context.decorator.js';
import { CacheEmbeddings } from '../../src/nest/decorators/cache-embeddings.decorator.js';
import { CacheReadOnlyTool } from '../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../src/nest/decorators/cacheable.decorator.js';
import { resource } from '../../src/core/policy/resource.js';
import type { Loaders } from './loaders.js';
import { BY_WAY, partOf, tagOf, taskOf, type Thing, type Value } from './world.js';

const toolThing = (number: number): Thing => BY_WAY.tool[number] as Thing;

/** What the tool of the app is. */
export const TOOLS = {
  read_thing: {
    permissionTier: 'READ_ONLY' as const,
    dependsOn: ({ number }: { number: number }) => [resource('thing', String(partOf(toolThing(number))))],
  },
};

/** Decorated methods, as apps have them. */
@Injectable()
export class Services {
  constructor(private readonly loaders: Loaders) {}

  @Cacheable({
    namespace: 'reports',
    key: (number: number) => String(number),
    tags: (number: number) => [tagOf(BY_WAY.method[number] as Thing)],
  })
  async report(number: number): Promise<Value> {
    return this.loaders.load(BY_WAY.method[number] as Thing);
  }

  @CacheReadOnlyTool()
  async execute({ params }: { tool: string; params: { number: number } }): Promise<Value> {
    return this.loaders.load(toolThing(params.number));
  }

  @CacheContext()
  async context({ turn }: { taskId: string; turn: number }): Promise<{ messages: Value[] }> {
    return { messages: [await this.loaders.load(BY_WAY.context[turn] as Thing)] };
  }

  @CacheEmbeddings({ model: 'soak' })
  async embed(texts: string[]): Promise<number[][]> {
    return texts.map(vectorOf);
  }
}

/** The same for the same text, everywhere. */
export const vectorOf = (text: string): number[] =>
  Array.from({ length: 16 }, (_, place) => (text.charCodeAt(place % text.length) * (place + 1)) / 1_000);

export const contextRequest = (thing: Thing): { taskId: string; turn: number } => ({
  taskId: taskOf(thing),
  turn: thing.number,
});
