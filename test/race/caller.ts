import { setTimeout as sleep } from 'node:timers/promises';
import { createAgentCache } from '../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../src/core/cache.js';
import type { CacheOptions } from '../../src/core/policy/options.js';
import { letGo, serve } from '../support/child-side.js';
import { callAtOnce, type Calls } from './calls.js';
import { overload } from './overload.js';

/** A process with a cache that does what it is told. */
const held: { cache?: AgentCache; isLoading: boolean } = { isLoading: false };
const cache = (): AgentCache => held.cache as AgentCache;

serve({
  open: async (options: CacheOptions) => {
    held.cache = createAgentCache(options);
    while (!(await held.cache.set(`probe:${process.pid}`, 1))) await sleep(10);
  },
  call: (calls: Calls) => callAtOnce(cache(), calls),
  /** Loads something and never comes to an end. */
  hang: (key: string) => {
    const endless = async (): Promise<never> => {
      held.isLoading = true;
      await new Promise(() => undefined);
      throw new Error('this is never reached');
    };
    void cache().getOrLoad(key, endless);
  },
  isLoading: () => held.isLoading,
  warmUp: () => overload(cache(), { seconds: 1 }),
  overload: (seconds: number) => overload(cache(), { seconds }),
  /** Milliseconds that closing takes. Nothing but the cache can keep the process alive from then on. */
  close: async () => {
    const startedAtMs = performance.now();
    await cache().close();
    setImmediate(letGo);
    return performance.now() - startedAtMs;
  },
});
