import { ask, type Hook } from '../calls/caching-options.js';
import type { MethodCall } from '../calls/method-policy.js';

/** Where a call says which task, and which turn of it, it is about. */
export interface TaskOptions<A extends readonly unknown[] = never, I = never> {
  /** Default: `taskId ?? task_id` of the first argument. */
  readonly taskId?: Hook<A, I, string | number | null | undefined> | undefined;
}

/** The task's id: a text that is not empty; a finite number counts as its decimal text. `null`: there is none. */
export function taskIdOf(call: MethodCall, { taskId }: TaskOptions): string | null {
  const request = fieldsOf(call.args[0]);
  const id = idOf(taskId ? ask(call, taskId) : (request.taskId ?? request.task_id));
  return id === null ? null : String(id);
}

/** The turn: a finite number or a text that is not empty. `null`: there is none; it is never taken to be 0. */
export function turnOf(call: MethodCall, turn: Hook<never, never, unknown> | undefined): string | number | null {
  return idOf(turn ? ask(call, turn) : fieldsOf(call.args[0]).turn);
}

/** Fields of the first argument that are the key themselves: whoever is answered alike has the same there. */
export function keyedFields(call: MethodCall, { taskId, turn }: TaskOptions & { readonly turn?: unknown }): string[] {
  const request = fieldsOf(call.args[0]);
  const field = (request.taskId ?? null) === null ? 'task_id' : 'taskId';
  // The task 5 and the task '5' are one.
  const isTask = !taskId && typeof request[field] === 'string';
  return [...(isTask ? [field] : []), ...(turn ? [] : ['turn'])];
}

function idOf(value: unknown): string | number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && value !== '' ? value : null;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
