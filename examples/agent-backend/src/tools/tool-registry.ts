import { Injectable } from '@nestjs/common';
import { fileInfoTool, listDirectoryTool, readFileTool } from './read-tools.js';
import { searchFilesTool } from './search-files.js';
import { SemanticSearch } from './semantic-search.js';
import type { Tool } from './tool.js';
import { Workspace } from './workspace.js';
import { appendFileTool, deleteFileTool, writeFileTool } from './write-tools.js';

/** All tools of the agent, by name. */
@Injectable()
export class ToolRegistry {
  private readonly tools: ReadonlyMap<string, Tool>;

  constructor(workspace: Workspace, semanticSearch: SemanticSearch) {
    const tools = [
      ...[readFileTool, listDirectoryTool, searchFilesTool, fileInfoTool].map((make) => make(workspace)),
      ...[writeFileTool, appendFileTool, deleteFileTool].map((make) => make(workspace)),
      semanticSearch.tool(),
    ];
    this.tools = new Map(tools.map((tool) => [tool.name, tool]));
  }

  find(name: string): Tool | undefined {
    return this.tools.get(name);
  }

  all(): readonly Tool[] {
    return [...this.tools.values()];
  }
}
