import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ToolDescriptor, ToolDescriptors } from '../agent/descriptors/tool-descriptor.js';
import { annotatedTools } from './annotated-tools.js';
import { MODULE_OPTIONS_TOKEN, type CacheModuleOptions } from './cache.module-definition.js';

/** Token of a provider of the app, in any of its modules, that knows the app's tools: `{ describe(tool) }`. Not request-scoped. */
export const TOOL_DESCRIPTORS = Symbol('nestjs-agent-cache:tool-descriptors');

/**
 * The tools of the app. Who knows a tool first describes it alone: the module's `tools` option, then the `TOOL_DESCRIPTORS`
 * providers, then the annotations of the MCP tools that the app declares itself.
 */
@Injectable()
export class AppToolDescriptors implements ToolDescriptors, OnModuleInit {
  private providers: readonly ToolDescriptors[] = [];
  private annotated: ReadonlyMap<string, ToolDescriptor | undefined> = new Map();

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: Pick<CacheModuleOptions, 'tools'> | null | undefined,
    private readonly modules: ModulesContainer,
  ) {}

  onModuleInit(): void {
    const wrappers = [...this.modules.values()].flatMap(({ providers }) => providers.get(TOOL_DESCRIPTORS) ?? []);
    const provided = wrappers.map((wrapper): unknown => (wrapper.isDependencyTreeStatic() ? wrapper.instance : null));
    this.providers = provided.filter(isToolDescriptors);
    this.annotated = annotatedTools(this.modules);
  }

  /** Throws what a source throws, and where one answers a Promise: nothing of that says what the tool is. */
  describe(tool: string): ToolDescriptor | undefined {
    const described = atOnce(this.describeByOptions(tool));
    if (described) return described;
    for (const provider of this.providers) {
      const descriptor = atOnce(provider.describe(tool));
      if (descriptor) return descriptor;
    }
    return this.annotated.get(tool);
  }

  private describeByOptions(tool: string): ToolDescriptor | undefined {
    const tools = this.options?.tools;
    if (typeof tools === 'function') return tools(tool);
    return tools && Object.hasOwn(tools, tool) ? tools[tool] : undefined;
  }
}

/** Nobody else waits for a Promise, should it fail. */
function atOnce(described: ToolDescriptor | undefined): ToolDescriptor | undefined {
  if (!((described as unknown) instanceof Promise)) return described;
  (described as unknown as Promise<unknown>).catch(() => undefined);
  throw new TypeError('a tool was described by a Promise');
}

function isToolDescriptors(value: unknown): value is ToolDescriptors {
  return typeof (value as Partial<ToolDescriptors> | null | undefined)?.describe === 'function';
}
