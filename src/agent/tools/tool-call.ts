import { kindOf } from '../../core/ports/value-kind.js';
import { isAbortSignal } from '../calls/abort-signals.js';
import { ask, type Hook } from '../calls/caching-options.js';
import { keyableArgs } from '../calls/key-parts.js';
import type { MethodCall } from '../calls/method-policy.js';
import { classNameOf, isDataObject, isPlainObject } from '../options/plain-object.js';

const NAME_FIELDS = ['toolName', 'tool_name', 'tool', 'name'] as const;
const PARAMETER_FIELDS = ['params', 'payload', 'arguments', 'args', 'input'] as const;

/**
 * Fields that tell one call from another but change no answer, where they stand beside a field of parameters and hold a
 * text or a number. They alone are left out of the key; without such a field they may be parameters themselves.
 */
export const CORRELATION_FIELDS: readonly string[] = [
  ...['id', 'turn', 'step', 'seq', 'timestamp'],
  ...['callId', 'call_id', 'toolCallId', 'tool_call_id', 'toolUseId', 'tool_use_id', 'requestId', 'request_id'],
  ...['traceId', 'trace_id', 'spanId', 'span_id', 'correlationId', 'correlation_id'],
];

/** Where a tool executor's method says which tool it is to run with which parameters. */
export interface ToolCallOptions<A extends readonly unknown[] = never, I = never> {
  /** Default: `toolName ?? tool_name ?? tool ?? name` of the first argument. */
  readonly toolName?: Hook<A, I, string | null | undefined> | undefined;
  /**
   * Default: `params ?? payload ?? arguments ?? args ?? input` of the first argument. With a function, all fields of the
   * first argument are part of the key, `CORRELATION_FIELDS` as well, unless `vary` says what is.
   */
  readonly params?: Hook<A, I, unknown> | undefined;
  /** Default: all that went in besides name, parameters, `AbortSignal`s and the `CORRELATION_FIELDS` beside parameters. */
  readonly vary?: Hook<A, I, unknown> | undefined;
}

/** What goes into a tool's key. */
export interface ToolCallParts {
  readonly params: unknown;
  /** What else the answer may depend on; `undefined`: nothing. */
  readonly rest: unknown;
}

/** The tool's name; `null` where there is none. */
export function toolNameOf(call: MethodCall, { toolName }: ToolCallOptions): string | null {
  const name = toolName ? ask(call, toolName) : firstGiven(call.args[0], NAME_FIELDS)?.value;
  return typeof name === 'string' && name !== '' ? name : null;
}

/** What was asked of the tool: all that went in is either a parameter, the rest, or known to change no answer. */
export function toolCallParts(call: MethodCall, options: ToolCallOptions): ToolCallParts {
  const [request] = call.args;
  const name = options.toolName ? undefined : firstGiven(request, NAME_FIELDS);
  const given = options.params ? undefined : firstGiven(request, PARAMETER_FIELDS);
  const object = given?.field === 'arguments' ? objectOfText(given.value) : undefined;
  const params = options.params ? ask(call, options.params) : (object ?? given?.value);
  if (options.vary) return { params, rest: { vary: ask(call, options.vary) } };
  const taken = [name?.field, given?.field, ...correlationOf(call, options).map(([field]) => field)];
  const rest = {
    request: isDataObject(request) ? remainingFields(request, taken) : request,
    further: call.args.length > 1 ? keyableArgs(call.args.slice(1)) : [],
    isText: object !== undefined,
    class: classNameOf(request),
  };
  const hasFields = !isPlainObject(rest.request) || Object.keys(rest.request).length > 0;
  const isEmpty = !hasFields && rest.further.length === 0 && !rest.isText && rest.class === undefined;
  return { params, rest: isEmpty ? undefined : rest };
}

/** What tells this call from others and is not part of its key: a result in which it stands is this call's alone. */
export function idsOf(call: MethodCall, options: ToolCallOptions): readonly unknown[] {
  return correlationOf(call, options).map(([, id]) => id);
}

/**
 * Whether one of `ids`, or a number's decimal text, stands in a result: as the whole of it, in one of its fields, items or
 * names, or in one of theirs. Not looked for: deeper, and within a text.
 */
export function isEchoOf(ids: readonly unknown[], result: unknown, depth = 2): boolean {
  if (ids.length === 0) return false;
  if (typeof result !== 'object' || result === null) return ids.some((id) => id === result || String(id) === result);
  return depth > 0 && partsOf(result).some((part) => isEchoOf(ids, part, depth - 1));
}

function partsOf(result: object): unknown[] {
  if (Array.isArray(result)) return result;
  const kind = kindOf(result);
  if (kind === 'map') return [...(result as Map<unknown, unknown>)].flat();
  return kind === 'set' ? [...(result as Set<unknown>)] : Object.entries(result).flat();
}

/** The correlation fields of the call that hold a text or a number: anything else could not be recognised in a result. */
function correlationOf({ args: [request] }: MethodCall, { params }: ToolCallOptions): [string, unknown][] {
  if (params || !firstGiven(request, PARAMETER_FIELDS)) return [];
  const isId = (value: unknown): boolean => (typeof value === 'string' && value !== '') || Number.isFinite(value);
  const fields = CORRELATION_FIELDS.map((field) => [field, (request as Record<string, unknown>)[field]] as const);
  return fields.flatMap(([field, id]): [string, unknown][] => (isId(id) ? [[field, id]] : []));
}

function firstGiven(request: unknown, fields: readonly string[]): { field: string; value: unknown } | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  const values = fields.map((field) => ({ field, value: (request as Record<string, unknown>)[field] }));
  return values.find(({ value }) => value !== undefined && value !== null);
}

function remainingFields(request: Record<string, unknown>, taken: readonly unknown[]): Record<string, unknown> {
  const isGiven = (symbol: symbol): boolean => Object.prototype.propertyIsEnumerable.call(request, symbol);
  if (Object.getOwnPropertySymbols(request).some(isGiven)) throw new TypeError('a field whose name is a symbol');
  const isKept = (field: string, value: unknown): boolean => {
    return !taken.includes(field) && !isAbortSignal(value) && value !== undefined;
  };
  return Object.fromEntries(Object.entries(request).filter(([field, value]) => isKept(field, value)));
}

const SPACE_OUTSIDE_STRINGS = /("(?:[^"\\]|\\.)*")|\s+/g;

/**
 * The object that `arguments` holds as JSON text, as model APIs send it, so that the order of its properties does not
 * matter. `undefined` for anything else, and for text that parsing does not keep in full, such as a number of 20 digits
 * or a property given twice: then the text itself is the parameter.
 */
function objectOfText(text: unknown): unknown {
  if (typeof text !== 'string' || !text.trimStart().startsWith('{')) return undefined;
  try {
    const object: unknown = JSON.parse(text);
    return JSON.stringify(object) === text.replace(SPACE_OUTSIDE_STRINGS, '$1') ? object : undefined;
  } catch {
    return undefined;
  }
}
