import { resolve } from 'node:path';
import { Child } from './child.js';
import type { ProxyCall, ProxyFault } from './proxy-host.js';

/** {@link FaultProxy fault proxies} in a process of their own, so that what keeps this one busy does not delay what goes through them. */
export class RemoteProxies {
  private constructor(
    private readonly child: Child,
    readonly processId: number,
  ) {}

  static async start(): Promise<RemoteProxies> {
    const child = await Child.start(resolve(import.meta.dirname, 'proxy-host.ts'));
    return new RemoteProxies(child, await child.request<number>('pid'));
  }

  /** Resolves to the port of a new one. */
  open(targetPort: number): Promise<number> {
    return this.child.request<number>('open', targetPort);
  }

  /** `places`: of the proxies, in the order of their opening. */
  async call(places: readonly number[], fault: ProxyFault, ...args: unknown[]): Promise<void> {
    await this.child.request('call', { places, fault, args } satisfies ProxyCall);
  }

  kill(): Promise<void> {
    return this.child.kill();
  }
}
