import { ask, type Hook } from '../calls/caching-options.js';
import type { MethodCall, MethodServices } from '../calls/method-policy.js';
import { isText } from '../options/option-rules.js';

/**
 * Fields of a request that say at the end of which history its turn stands. They are part of the key: after an edit, and in
 * another branch, one turn of one task has another history.
 */
export const HISTORY_FIELDS: readonly string[] = [
  ...['messages', 'history', 'conversation', 'revision'],
  ...['parent', 'parentId', 'parent_id', 'parentMessageId', 'parent_message_id'],
  ...['branch', 'branchId', 'branch_id', 'thread', 'threadId', 'thread_id', 'checkpointId', 'checkpoint_id'],
];

/** What a context depends on besides its task and its turn. */
export interface HistoryOptions<A extends readonly unknown[] = never, I = never> {
  /**
   * Part of the key: what else the context depends on, such as the id of the newest message or of the branch, or a hash of
   * all messages; plain data or a Promise of it. Asked again once the context is built, which is stored only if both are equal.
   * Default: the `HISTORY_FIELDS` of the first argument.
   */
  readonly fingerprint?: Hook<A, I, unknown> | undefined;
}

/** What `fingerprint` answers, as a segment of a key. Rejects where it throws, or answers what no key can be made of. */
export async function fingerprintOf(
  call: MethodCall,
  { keys }: MethodServices,
  fingerprint: Hook<never, never, unknown>,
): Promise<string> {
  return keys.hash({ fingerprint: await ask(call, fingerprint) });
}

/** What the request says of its history, as a segment of a key; `null`: nothing. Throws where no key can be made of it. */
export function historyOf(call: MethodCall, { keys }: MethodServices): string | null {
  const history = givenHistory(call);
  return history.length === 0 ? null : keys.hash({ history: Object.fromEntries(history) });
}

/** The fields by which {@link historyOf} tells requests apart: whoever is answered alike has the same there. */
export const historyFields = (call: MethodCall): string[] => givenHistory(call).map(([field]) => field);

function givenHistory({ args: [request] }: MethodCall): [string, unknown][] {
  if (typeof request !== 'object' || request === null) return [];
  const fields = HISTORY_FIELDS.map((field): [string, unknown] => [field, (request as Record<string, unknown>)[field]]);
  return fields.filter(([, value]) => saysSomething(value));
}

function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'string') return isText(value);
  return !Array.isArray(value) || value.length > 0;
}
