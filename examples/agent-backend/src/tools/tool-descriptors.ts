import type { FactoryProvider } from '@nestjs/common';
import { TOOL_DESCRIPTORS, type ToolDescriptors } from 'nestjs-agent-cache';
import { ToolRegistry } from './tool-registry.js';

/** Others may change files without a tool of this backend: what tools read is taken as current for so long. */
const TTL = '20s';

/** Tells the cache what the tools of the registry are. */
export const toolDescriptors: FactoryProvider<ToolDescriptors> = {
  provide: TOOL_DESCRIPTORS,
  inject: [ToolRegistry],
  useFactory: (registry: ToolRegistry) => ({
    describe(name) {
      const tool = registry.find(name);
      return tool && { permissionTier: tool.permissionTier, ttl: TTL };
    },
  }),
};
