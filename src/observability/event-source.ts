import type { CacheEventName, CacheListener } from '../core/events.js';

/** Where events come from: an `AgentCache` or its event bus. */
export interface CacheEventSource {
  on<N extends CacheEventName>(name: N, listener: CacheListener<N>): unknown;
  off<N extends CacheEventName>(name: N, listener: CacheListener<N>): unknown;
}

/** A listener for some of the events, by name. */
export type CacheListeners = { readonly [N in CacheEventName]?: CacheListener<N> };

/** Adds all `listeners` to `events`. Returns the way to take them off again. */
export function listen(events: CacheEventSource, listeners: CacheListeners): () => void {
  const names = Object.keys(listeners) as CacheEventName[];
  for (const name of names) events.on(name, listeners[name] as CacheListener<typeof name>);
  return () => {
    for (const name of names) events.off(name, listeners[name] as CacheListener<typeof name>);
  };
}
