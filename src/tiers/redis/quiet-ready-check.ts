import type { Redis } from 'ioredis';
import { deniedRightOf } from './access-refusals.js';

type Answer = (error: Error | null, text?: string) => void;

/**
 * Where INFO is refused, the library takes the server for ready and writes so to the console, with every connection. Here
 * it takes the server for ready, and `onDenied` is told.
 */
export function quietReadyCheck(client: Redis, onDenied: (error: Error) => void): void {
  const inside = client as unknown as { info: (...args: unknown[]) => Promise<string> };
  const info = inside.info.bind(client);
  inside.info = (...args) => {
    const answer = args.at(-1) as Answer;
    if (typeof answer !== 'function') return info(...args);
    const quiet: Answer = (error, text) => {
      if (!error || deniedRightOf(error.message) === null) return answer(error, text);
      onDenied(error);
      answer(null, '');
    };
    return info(...args.slice(0, -1), quiet);
  };
}
