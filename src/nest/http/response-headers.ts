import type { ServerResponse } from 'node:http';
import { cacheStatusOf } from './cache-status.js';
import type { RequestRecord } from './request-record.js';

/** Sets all headers that tell what the cache and the database did for a request. Those it shares with others are lists. */
export function setResponseHeaders(response: ServerResponse, record: RequestRecord): void {
  const spent = Object.entries(record.spentMs).map(([name, ms]) => `${name};dur=${decimal(ms)}`);
  addToList(response, 'Cache-Status', cacheStatusOf(record.outcomes));
  addToList(response, 'Server-Timing', spent.join(', '));
  response.setHeader('X-Process-Time', decimal(record.spentMs.total));
  response.setHeader('X-Query-Count', String(record.queryCount));
  response.setHeader('X-Query-Time', decimal(record.queryMs));
}

/** What the app or a cache further inside has said stands first. */
function addToList(response: ServerResponse, name: string, members: string): void {
  const present = [response.getHeader(name) ?? []].flat().map(String);
  response.setHeader(name, [...present, members].join(', '));
}

function decimal(ms: number): string {
  return ms.toFixed(2);
}
