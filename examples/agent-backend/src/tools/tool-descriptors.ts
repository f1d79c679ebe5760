import type { FactoryProvider } from '@nestjs/common';
import { TOOL_DESCRIPTORS, type ToolDescriptors } from 'nestjs-agent-cache';
import { Embedder } from '../embeddings/embedder.js';
import { ToolRegistry } from './tool-registry.js';
import { Workspace } from './workspace.js';

/** Others may change files without a tool of this backend: what tools read is taken as current for so long. */
const TTL = '20s';

/** Tells the cache what the tools of the registry are. */
export const toolDescriptors: FactoryProvider<ToolDescriptors> = {
  provide: TOOL_DESCRIPTORS,
  inject: [ToolRegistry, Workspace, Embedder],
  useFactory: (registry: ToolRegistry, { root }: Workspace, { model }: Embedder) => ({
    describe(name) {
      const tool = registry.find(name);
      // Another backend on the same Redis may work in another folder, or search with other vectors.
      return tool && { permissionTier: tool.permissionTier, ttl: TTL, vary: { root, model } };
    },
  }),
};
