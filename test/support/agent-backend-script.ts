import type { RunningBackend, TaskBody } from './agent-backend.js';

/** What came back, in order: the answers of `POST /task`, then each conversation. */
export interface ScriptResult {
  readonly answers: readonly unknown[];
  /** What each `POST /task` took, in milliseconds. */
  readonly ms: readonly number[];
  readonly conversations: readonly unknown[];
}

/** A request; `task` names the conversation it belongs to. */
export interface ScriptedRequest extends Omit<TaskBody, 'taskId'> {
  readonly task: string;
  readonly tier?: string;
}

const read = (path: string) => ({ tool: 'read_file', params: { path } });
const search = (query: string, path: string) => ({ tool: 'search_files', params: { query, path } });
const about = (query: string, path: string) => ({ tool: 'semantic_search', params: { query, path } });

const LOOKING: readonly ScriptedRequest[] = [
  { task: 'a', message: 'list src; read package.json; info about LICENSE' },
  { task: 'a', message: 'search for cache in src/core, then read src/core/events.ts' },
  { task: 'b', message: 'list src; read package.json; info about LICENSE' },
  { task: 'a', message: 'find passages about why a result was not stored in src/core' },
  { task: 'b', message: 'find passages about why a result was not stored in src/core' },
  {
    task: 'b',
    message: 'again',
    toolCalls: [read('src/core/errors.ts'), search('duration', 'src'), about('time to live', 'src/core/policy')],
  },
  {
    task: 'c',
    message: 'again',
    toolCalls: [read('src/core/errors.ts'), search('duration', 'src'), about('time to live', 'src/core/policy')],
  },
];

const CHANGING: readonly ScriptedRequest[] = [
  { task: 'c', message: `write 'cents, not floats' to notes/prices.md; read notes/prices.md; list notes` },
  {
    task: 'c',
    message: `append '\nrounded half up' to notes/prices.md; read notes/prices.md; info about notes/prices.md`,
  },
  { task: 'd', message: 'read notes/prices.md; search for cents; find passages about rounding of prices in notes' },
  { task: 'd', message: 'remember that prices are kept in cents; read notes/prices.md' },
  { task: 'c', message: 'read notes/prices.md; read src/core/errors.ts' },
  { task: 'd', message: 'delete notes/prices.md; read notes/prices.md; list notes; search for cents' },
  { task: 'd', message: 'read notes/prices.md' },
];

const REFUSED: readonly ScriptedRequest[] = [
  { task: 'e', userId: 'reader', message: `read package.json; write 'x' to package.json; read package.json` },
  { task: 'e', tier: 'NONE', message: 'read package.json' },
  { task: 'f', message: 'read ../secret; read /etc/hosts', toolCalls: [read('../secret'), read('/etc/hosts')] },
  {
    task: 'f',
    message: 'wrong',
    toolCalls: [
      { tool: 'read_file', params: { pth: 'x' } },
      { tool: 'rm', params: {} },
    ],
  },
  { task: 'f', message: 'hello' },
];

/** All tools, several conversations, reads that are repeated, writes in between, and what is refused. */
export const SCRIPT: readonly ScriptedRequest[] = [...LOOKING, ...CHANGING, ...REFUSED, ...LOOKING];

/** Plays the script on a backend, one request after the other. */
export async function play(
  backend: RunningBackend,
  script: readonly ScriptedRequest[] = SCRIPT,
): Promise<ScriptResult> {
  const taskIds = new Map<string, string>();
  const answers: unknown[] = [];
  const ms: number[] = [];
  for (const { task, tier, ...body } of script) {
    const known = taskIds.get(task);
    const startedAt = performance.now();
    const answer = await backend.task(
      { ...body, ...(known ? { taskId: known } : {}) },
      tier ? { 'x-permission-tier': tier } : {},
    );
    ms.push(performance.now() - startedAt);
    taskIds.set(task, answer.taskId);
    answers.push(answer);
  }
  const conversations: unknown[] = [];
  for (const id of taskIds.values()) conversations.push((await backend.get(`/task/${id}`)).body);
  return { answers, ms, conversations };
}
