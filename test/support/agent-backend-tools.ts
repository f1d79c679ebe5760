import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Embedder } from '../../examples/agent-backend/src/embeddings/embedder.js';
import { Counters } from '../../examples/agent-backend/src/health/counters.js';
import { Settings } from '../../examples/agent-backend/src/settings.js';
import type { PermissionTier } from '../../examples/agent-backend/src/tools/permission-tier.js';
import { SemanticSearch } from '../../examples/agent-backend/src/tools/semantic-search.js';
import { ToolExecutor } from '../../examples/agent-backend/src/tools/tool-executor.js';
import { ToolRegistry } from '../../examples/agent-backend/src/tools/tool-registry.js';
import type { ToolResult } from '../../examples/agent-backend/src/tools/tool.js';
import { Workspace } from '../../examples/agent-backend/src/tools/workspace.js';

/** The example's tools without a cache, on a workspace that holds `notes/a.md` and lies next to `secret.txt`. */
export class ToolsOnFiles {
  private constructor(
    /** Holds the workspace and the secret. */
    readonly folder: string,
    /** The workspace. */
    readonly root: string,
    private readonly executor: ToolExecutor,
  ) {}

  static async make(): Promise<ToolsOnFiles> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'agent-tools-')));
    const root = join(folder, 'workspace');
    const settings = new Settings(root, join(folder, 'unused.db'));
    const counters = new Counters();
    const workspace = new Workspace(settings);
    const search = new SemanticSearch(workspace, new Embedder(settings, counters));
    await mkdir(join(root, 'notes'));
    await writeFile(join(root, 'notes/a.md'), 'first\nsecond line\nthird');
    await writeFile(join(folder, 'secret.txt'), 'outside');
    return new ToolsOnFiles(folder, root, new ToolExecutor(new ToolRegistry(workspace, search), counters));
  }

  run(tool: string, params: Record<string, unknown>, tier: PermissionTier = 'WRITE'): Promise<ToolResult> {
    return this.executor.execute({ tool, params }, { userId: 'u', tier });
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
