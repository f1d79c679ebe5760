import type { Cluster, Redis } from 'ioredis';
import { deniedRightOf } from './access-refusals.js';

type Tell = (error: Error) => void;
type Answer = (error: Error | null, text?: string) => void;
type Methods = Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined>;

/**
 * Where INFO is refused, the library takes the server for ready and writes so to the console, with every connection. Here
 * it takes the server for ready, and `tell` is called.
 */
export function quietReadyCheck(client: Redis, tell: Tell): void {
  const inside = client as unknown as Methods;
  const info = inside.info?.bind(client);
  if (!info) return;
  inside.info = (...args) => {
    const answer = args.at(-1) as Answer;
    if (typeof answer !== 'function') return info(...args);
    const quiet: Answer = (error, text) => {
      if (!error || deniedRightOf(error.message) === null) return answer(error, text);
      tell(error);
      answer(null, '');
    };
    return info(...args.slice(0, -1), quiet);
  };
}

/**
 * Lets `tell` hear when what the library asks by itself, with one method, is refused or lost, of which it says nothing. Of
 * `asking` it does not even catch that, which would end the process.
 */
export function overhear(client: Redis | Cluster, method: 'cluster' | 'subscribe' | 'asking', tell: Tell): void {
  const inside = client as unknown as Methods;
  const ask = inside[method]?.bind(client);
  if (!ask) return;
  inside[method] = (...args) => {
    const asked = ask(...args);
    asked.catch(tell);
    return asked;
  };
}
