import { basename } from 'node:path';
import { integer, text } from './input-schema.js';
import { existingFolder } from './read-tools.js';
import { TextFiles } from './text-files.js';
import { defineTool, type Tool } from './tool.js';
import type { Workspace } from './workspace.js';

const MAX_FILES = 2_000;
const MAX_SHOWN_CHARACTERS = 200;

interface Match {
  readonly path: string;
  /** Counted from 1. `null`: the name of the file matched. */
  readonly line: number | null;
  readonly text: string;
}

/** `search_files`: a piece of text in names and lines, whatever its case. */
export function searchFilesTool(workspace: Workspace): Tool {
  return defineTool({
    name: 'search_files',
    description: 'Finds a piece of text in the names and lines of files',
    permissionTier: 'READ_ONLY',
    input: {
      query: text('What to find; upper and lower case are the same', { maxLength: 200 }),
      path: text('Folder to look in, relative to the workspace', { fallback: '.' }),
      limit: integer('How many matches at most', { min: 1, max: 200, fallback: 50 }),
    },
    async run({ query, path, limit }) {
      const matches: Match[] = [];
      const files = new TextFiles(MAX_FILES);
      for await (const { place, content } of files.of(await existingFolder(workspace, path))) {
        matches.push(...matchesIn(workspace.nameOf(place), content, query.toLowerCase()));
        if (matches.length > limit) break;
      }
      return {
        query,
        matches: matches.slice(0, limit),
        files_searched: files.count,
        is_complete: files.isComplete && matches.length <= limit,
      };
    },
  });
}

function matchesIn(path: string, content: string | null, query: string): Match[] {
  const matches: Match[] = basename(path).toLowerCase().includes(query)
    ? [{ path, line: null, text: basename(path) }]
    : [];
  if (!content?.toLowerCase().includes(query)) return matches;
  for (const [index, line] of content.split('\n').entries()) {
    if (line.toLowerCase().includes(query)) {
      matches.push({ path, line: index + 1, text: line.trim().slice(0, MAX_SHOWN_CHARACTERS) });
    }
  }
  return matches;
}
