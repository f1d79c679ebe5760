import type { ToolCall } from '../tools/tool.js';

/** The most that one message may ask for. */
export const MAX_TOOL_CALLS = 20;

/** What a message asks for. */
export interface Plan {
  readonly toolCalls: readonly ToolCall[];
  /** What to remember about the user from now on. */
  readonly notes: readonly string[];
}

type Rule = readonly [pattern: RegExp, call: (...parts: string[]) => ToolCall];

const RULES: readonly Rule[] = [
  [/^(?:read|open|show) (?:the file )?(\S+)$/i, (path) => ({ tool: 'read_file', params: { path } })],
  [
    /^list(?: (?:the )?(?:folder|files in|files))?(?: (\S+))?$/i,
    (path = '.') => ({ tool: 'list_directory', params: { path } }),
  ],
  [
    /^find passages about (.+?)(?: in (\S+))?$/i,
    (query, path = '.') => ({ tool: 'semantic_search', params: { query, path } }),
  ],
  [
    /^search (?:for )?(.+?)(?: in (\S+))?$/i,
    (query, path = '.') => ({ tool: 'search_files', params: { query, path } }),
  ],
  [/^info (?:about |on )?(?:the file )?(\S+)$/i, (path) => ({ tool: 'file_info', params: { path } })],
  [/^write (.+) to (\S+)$/i, (content, path) => ({ tool: 'write_file', params: { path, content } })],
  [/^append (.+) to (\S+)$/i, (content, path) => ({ tool: 'append_file', params: { path, content } })],
  [/^delete (?:the file )?(\S+)$/i, (path) => ({ tool: 'delete_file', params: { path } })],
];
const NOTE = /^remember (?:that )?(.+)$/i;
const QUOTED = /"([^"]*)"|(?<![\p{L}\p{N}])'([^']*)'(?![\p{L}\p{N}])/gu;
const SEPARATOR = /;|\n|,? then (?=\S)|,? and then /i;

/**
 * Reads a message by rules: `read X`, `list X`, `search for Y in X`, `find passages about Y`, `info about X`,
 * `write 'Y' to X`, `append 'Y' to X`, `delete X`, `remember that Y`; several with `then`, `;` or on lines of their own.
 * What no rule fits is left out.
 */
export function planOf(message: string): Plan {
  const quotes: string[] = [];
  // Quoted text is put aside, so that no rule and no separator looks into it.
  const outline = message
    .replaceAll('\0', ' ')
    .replace(QUOTED, (_, double?: string, single?: string) => `\0${quotes.push(double ?? single ?? '') - 1}\0`);
  const restore = (text: string | undefined): string | undefined =>
    text?.replace(/\0(\d+)\0/g, (_, index: string) => quotes[Number(index)] ?? '');

  const toolCalls: ToolCall[] = [];
  const notes: string[] = [];
  for (const piece of outline.split(SEPARATOR)) {
    const order = piece.trim().replace(/(?<=[^\s./])[.!?]+$/, '');
    const rule = RULES.find(([pattern]) => pattern.test(order));
    if (rule) toolCalls.push(rule[1](...(rule[0].exec(order) ?? []).slice(1).map((part) => restore(part) as string)));
    else
      notes.push(
        ...(NOTE.exec(order)
          ?.slice(1)
          .map((part) => restore(part) as string) ?? []),
      );
  }
  return { toolCalls, notes };
}
