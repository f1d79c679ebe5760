import type { ServerResponse } from 'node:http';

/** Node's own response behind that of Express or Fastify; `null` for anything else. */
export function rawResponseOf(response: unknown): ServerResponse | null {
  const { raw = response } = Object(response) as { raw?: unknown };
  const { writeHead, setHeader } = Object(raw) as Partial<ServerResponse>;
  return typeof writeHead === 'function' && typeof setHeader === 'function' ? (raw as ServerResponse) : null;
}

/**
 * Calls `set` once, just before the headers leave, whoever sends them and however: a handler, an exception filter, a
 * stream. What `set` throws is dropped: a header is never worth a response. Does nothing when the headers are out.
 */
export function beforeHeaders(response: ServerResponse, set: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  let isDone = false;
  response.writeHead = (...args: unknown[]) => {
    if (!isDone && !response.headersSent) attempt(set);
    isDone = true;
    return writeHead(...args);
  };
}

function attempt(set: () => void): void {
  try {
    set();
  } catch {
    // The response goes out without the headers.
  }
}
