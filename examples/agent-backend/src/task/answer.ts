import type { FinishedToolCall } from '../context/message-store.js';

const NOTHING = `I can: read X, list X, search for Y in X, find passages about Y, info about X, write 'Y' to X, append 'Y' to X, delete X, remember that Y.`;

/** What the agent says at the end of a turn; made from what the tools answered and nothing else. */
export function answerOf(calls: readonly FinishedToolCall[], notes: readonly string[]): string {
  const lines = [...notes.map((note) => `I will remember: ${note}`), ...calls.map(sentence)];
  return lines.length > 0 ? lines.join('\n') : NOTHING;
}

function sentence({ tool, ok, result }: FinishedToolCall): string {
  const found = result as Record<string, unknown>;
  if (!ok) return `${tool} did not work: ${String(found['message'])}`;
  const path = String(found['path']);
  switch (tool) {
    case 'read_file':
      return `${path} has ${String(found['total_lines'])} lines and begins with "${firstLine(String(found['text']))}"`;
    case 'list_directory':
      return `${path} holds ${names(found['entries'], 'name')}`;
    case 'search_files':
      return `"${String(found['query'])}" is found in ${names(found['matches'], 'path')}`;
    case 'semantic_search':
      return `"${String(found['query'])}" is told of in ${names(found['passages'], 'path')}`;
    case 'file_info':
      return `${path} is a ${String(found['type'])}${'bytes' in found ? ` of ${String(found['bytes'])} bytes` : ''}`;
    case 'delete_file':
      return `${path} is deleted`;
    default:
      return `${path} now has ${String(found['bytes'])} bytes`;
  }
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').trim().slice(0, 120);
}

function names(items: unknown, field: string): string {
  const all = [...new Set((items as Record<string, unknown>[]).map((item) => String(item[field])))];
  return all.length > 0 ? all.slice(0, 10).join(', ') : 'nothing';
}
