import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** One recorded call of a tool. */
export interface RecordedCall {
  /** One run of an agent, from start to end. */
  readonly run: string;
  /** What the agent was asked to do; several runs may try the same. */
  readonly task: string;
  readonly seq: number;
  readonly tool: string;
  readonly args: unknown;
  /** What the answer may depend on besides the arguments, such as a working folder. */
  readonly env: unknown;
  /** Whether the tool succeeded. */
  readonly ok: boolean;
  /** What the tool answered, or its error. */
  readonly output: unknown;
  /** How long the call took, in milliseconds, where that was recorded. */
  readonly ms?: number;
}

/** A trace that cannot be replayed; the message says what to do. */
export class TraceError extends Error {}

/** The calls of a trace in order of time: one JSON object a line, compressed with gzip where the name ends in `.gz`. */
export async function readTrace(file: string): Promise<RecordedCall[]> {
  const raw = createReadStream(file);
  const text: Readable = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  raw.on('error', (error) => text.destroy(error));
  const calls: RecordedCall[] = [];
  try {
    let line = 0;
    for await (const json of linesOf(text.setEncoding('utf8'))) {
      line++;
      if (json.trim() !== '') calls.push(parseCall(json, line));
    }
  } catch (error) {
    throw error instanceof TraceError ? error : new TraceError(`${file} cannot be read: ${(error as Error).message}`);
  }
  return calls;
}

/** Not `readline`: it does not hand on the errors of what it reads. */
async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  run: (value) => typeof value === 'string',
  task: (value) => typeof value === 'string',
  seq: (value) => typeof value === 'number',
  tool: (value) => typeof value === 'string' && value !== '',
  args: (value) => value !== undefined,
  ok: (value) => typeof value === 'boolean',
  output: (value) => value !== undefined,
  ms: (value) => value === undefined || (typeof value === 'number' && value >= 0),
};

function parseCall(json: string, line: number): RecordedCall {
  const call = parseObject(json);
  if (!call) throw new TraceError(`line ${line} is no JSON object: expected one a line`);
  const wrong = Object.keys(FIELDS).filter((field) => !FIELDS[field]?.(call[field]));
  if (wrong.length > 0) {
    throw new TraceError(
      `line ${line}: wrong or missing ${wrong.join(', ')}; expected run, task, seq, tool, args, env, ok, output`,
    );
  }
  return call as unknown as RecordedCall;
}

function parseObject(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
