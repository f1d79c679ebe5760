import type { ServerResponse } from 'node:http';

/** Node's own response behind that of Express or Fastify; `null` for anything else. */
export function rawResponseOf(response: unknown): ServerResponse | null {
  const { raw = response } = Object(response) as { raw?: unknown };
  const { writeHead, setHeader } = Object(raw) as Partial<ServerResponse>;
  return typeof writeHead === 'function' && typeof setHeader === 'function' ? (raw as ServerResponse) : null;
}

/**
 * Calls `set` once, just before the headers leave, whoever sends them and however: a handler, an exception filter, a
 * stream. It finds the headers that `writeHead` was given among those of the response. What `set` throws is dropped: a
 * header is never worth a response. Does nothing when the headers are out.
 */
export function beforeHeaders(response: ServerResponse, set: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  let isDone = false;
  response.writeHead = (...args: unknown[]) => {
    if (isDone || response.headersSent) return writeHead(...args);
    const [status, message, headers] = typeof args[1] === 'string' ? args : [args[0], undefined, args[2] ?? args[1]];
    setAll(response, headers);
    isDone = true;
    attempt(set);
    return message === undefined ? writeHead(status) : writeHead(status, message);
  };
}

/** As `writeHead` does it: names take the place of those that are set, and may repeat where they stand in an array. */
function setAll(response: ServerResponse, headers: unknown): void {
  const pairs = pairsOf(headers);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

/** Headers of an object, of an array of pairs, or of an array of names and values in turn. */
function pairsOf(headers: unknown): [name: string, value: string][] {
  if (!Array.isArray(headers)) return Object.entries(Object(headers) as Record<string, string>);
  const inTurn = (Array.isArray(headers[0]) ? headers.flat() : headers) as string[];
  return inTurn.flatMap((name, index) => (index % 2 === 0 ? [[name, inTurn[index + 1] as string]] : []));
}

function attempt(set: () => void): void {
  try {
    set();
  } catch {
    // The response goes out without the headers.
  }
}
