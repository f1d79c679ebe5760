import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { FactoryProvider } from '@nestjs/common';
import {
  file,
  type Resource,
  TOOL_DESCRIPTORS,
  type ToolDescriptor,
  type ToolDescriptors,
  tree,
} from 'nestjs-agent-cache';
import { Embedder } from '../embeddings/embedder.js';
import { ToolRegistry } from './tool-registry.js';
import { Workspace } from './workspace.js';

/** Others may change files without a tool of this backend: what tools read is taken as current for so long. */
const TTL = '20s';

interface Params {
  readonly path?: unknown;
}
type Touched = Pick<ToolDescriptor, 'dependsOn' | 'mutates'>;

/** Tells the cache what the tools of the registry are. */
export const toolDescriptors: FactoryProvider<ToolDescriptors> = {
  provide: TOOL_DESCRIPTORS,
  inject: [ToolRegistry, Workspace, Embedder],
  useFactory: (registry: ToolRegistry, { root }: Workspace, { model }: Embedder) => {
    const touched = touchedIn(root);
    return {
      describe(name) {
        const tool = registry.find(name);
        // Another backend on the same Redis may work in another folder, or search with other vectors.
        return (
          tool && { permissionTier: tool.permissionTier, ttl: TTL, vary: { root, model }, ...(touched[name] ?? {}) }
        );
      },
    };
  },
};

/** What each tool reads or changes in the workspace. A tool that is not here reads, or changes, everything. */
function touchedIn(root: string): Readonly<Record<string, Touched>> {
  const placeOf = ({ path = '.' }: Params): string => resolve(root, String(path));
  // Of a folder, its entries.
  const one: Touched = { dependsOn: (params: Params) => [file(placeOf(params))] };
  const allBelow: Touched = { dependsOn: (params: Params) => [tree(placeOf(params))] };
  const written: Touched = { mutates: (params: Params) => withNewFolders(placeOf(params)).map((place) => file(place)) };
  const deleted: Touched = { mutates: (params: Params): Resource[] => [file(placeOf(params))] };
  return {
    ...{ read_file: one, file_info: one, list_directory: one },
    ...{ search_files: allBelow, semantic_search: allBelow },
    ...{ write_file: written, append_file: written, delete_file: deleted },
  };
}

/** The place, and the folders above it that are made for it. */
function withNewFolders(place: string): string[] {
  const folder = dirname(place);
  return existsSync(folder) || folder === place ? [place] : [place, ...withNewFolders(folder)];
}
