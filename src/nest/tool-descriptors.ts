import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ToolDescriptor, ToolDescriptors } from '../agent/tool-descriptor.js';
import { MODULE_OPTIONS_TOKEN, type CacheModuleOptions } from './cache.module-definition.js';

/** Token of a provider of the app, in any of its modules, that knows the app's tools: `{ describe(tool) }`. Not request-scoped. */
export const TOOL_DESCRIPTORS = Symbol('nestjs-agent-cache:tool-descriptors');

/** The tools of the app: those of the module's `tools` option first, then those of `TOOL_DESCRIPTORS` providers. */
@Injectable()
export class AppToolDescriptors implements ToolDescriptors, OnModuleInit {
  private providers: readonly ToolDescriptors[] = [];

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: Pick<CacheModuleOptions, 'tools'> | null | undefined,
    private readonly modules: ModulesContainer,
  ) {}

  onModuleInit(): void {
    const wrappers = [...this.modules.values()].flatMap(({ providers }) => providers.get(TOOL_DESCRIPTORS) ?? []);
    const provided = wrappers.map((wrapper): unknown => (wrapper.isDependencyTreeStatic() ? wrapper.instance : null));
    this.providers = provided.filter(isToolDescriptors);
  }

  describe(tool: string): ToolDescriptor | undefined {
    const described = this.describeByOptions(tool);
    if (described) return described;
    for (const provider of this.providers) {
      const descriptor = provider.describe(tool);
      if (descriptor) return descriptor;
    }
    return undefined;
  }

  private describeByOptions(tool: string): ToolDescriptor | undefined {
    const tools = this.options?.tools;
    if (typeof tools === 'function') return tools(tool);
    return tools && Object.hasOwn(tools, tool) ? tools[tool] : undefined;
  }
}

function isToolDescriptors(value: unknown): value is ToolDescriptors {
  return typeof (value as Partial<ToolDescriptors> | null | undefined)?.describe === 'function';
}
