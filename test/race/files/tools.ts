import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '../../../src/core/policy/resource.js';

/** A call of one of the tools, whose paths are whole. */
export type ToolCall =
  | { readonly tool: 'read_file' | 'read_all' | 'list_files'; readonly params: { readonly path: string } }
  | { readonly tool: 'search'; readonly params: { readonly path: string; readonly word: string } };

/** What the answer to a call depends on. */
export const dependenciesOf = ({ tool, params: { path } }: ToolCall): readonly Resource[] => [
  { type: tool === 'read_file' ? 'file' : 'tree', id: path },
];

/** The answer of now. */
export function runTool(call: ToolCall): unknown {
  switch (call.tool) {
    case 'read_file':
      return { text: textOf(call.params.path) };
    case 'read_all': {
      const isFile = ({ path }: Entry): boolean => statSync(path).isFile();
      return {
        texts: entriesBelow(call.params.path)
          .filter(isFile)
          .map(({ path }) => textOf(path)),
      };
    }
    case 'list_files':
      return { listed: entriesBelow(call.params.path).map(({ name, path }) => `${name} ${lookOf(path)}`) };
    case 'search': {
      const { path, word } = call.params;
      const isFound = (entry: Entry): boolean => textOf(entry.path).includes(word);
      return {
        found: entriesBelow(path)
          .filter(isFound)
          .map(({ name }) => name),
      };
    }
  }
}

interface Entry {
  /** From the folder on. */
  readonly name: string;
  readonly path: string;
}

/** Files and folders below a folder, those behind links, too, each folder once. */
function entriesBelow(folder: string, name = '', walked = new Set<string>()): Entry[] {
  const real = attempt(() => realpathSync(folder));
  if (real === null || walked.has(real)) return [];
  walked.add(real);
  const names = attempt(() => readdirSync(real)) ?? [];
  return names.sort().flatMap((own) => {
    const entry = { name: `${name}/${own}`, path: join(real, own) };
    return [entry, ...entriesBelow(entry.path, entry.name, walked)];
  });
}

function lookOf(path: string): string {
  const [own, target] = [lstatSync(path), attempt(() => statSync(path))];
  if (target === null) return 'leads nowhere';
  const kind = target.isFile() ? `file of ${target.size}` : 'folder';
  return own.isSymbolicLink() ? `leads to ${kind}` : kind;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return `- ${(error as NodeJS.ErrnoException).code}`;
  }
}

function attempt<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
