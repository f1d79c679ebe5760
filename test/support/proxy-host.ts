import { FaultProxy } from './fault-proxy.js';
import { serve } from './child-side.js';

/** Faults of a proxy, by the names of its methods. */
export type ProxyFault = Exclude<
  { [N in keyof FaultProxy]: FaultProxy[N] extends (...args: never[]) => unknown ? N : never }[keyof FaultProxy],
  'strand' | 'stop'
>;

export interface ProxyCall {
  readonly places: readonly number[];
  readonly fault: ProxyFault;
  readonly args: readonly unknown[];
}

/** Proxies in a process of their own, so that nothing else delays what goes through them. */
const proxies: FaultProxy[] = [];

serve({
  pid: () => process.pid,
  /** Resolves to the port of a new one. */
  open: async (port: number) => {
    const proxy = await FaultProxy.start(port);
    proxies.push(proxy);
    return proxy.port;
  },
  call: async ({ places, fault, args }: ProxyCall) => {
    for (const place of places) {
      const proxy = proxies[place] as unknown as Record<string, (...args: unknown[]) => unknown>;
      await proxy[fault]?.(...args);
    }
  },
});
