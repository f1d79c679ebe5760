/** Which method of which class it is that was intercepted. */
export interface MethodSite {
  /** The prototype that holds the method; `null`: a property of one object. */
  readonly owner: object | null;
  readonly key: string | symbol;
  /** `Class.method`, for messages. */
  readonly name: string;
  /** How many interceptions of the same method are below this one. */
  readonly layer: number;
}

const LAYERS = Symbol('nestjs-agent-cache:layers');

/** How many interceptions a function already carries. */
export function layersOf(method: unknown): number {
  const layers = typeof method === 'function' ? (method as { readonly [LAYERS]?: number })[LAYERS] : undefined;
  return layers ?? 0;
}

/** Marks a function as an interception with `layers` interceptions in all. */
export function markLayers(method: object, layers: number): void {
  Object.defineProperty(method, LAYERS, { value: layers, configurable: true });
}

/** `Class.method`; a symbol by its description. */
export function methodName(prototype: object, key: string | symbol): string {
  const name = typeof key === 'symbol' ? `[${key.description ?? 'symbol'}]` : key;
  return `${className(prototype)}.${name}`;
}

/** For messages. */
export function className(object: object): string {
  return (object as { constructor?: { name?: string } }).constructor?.name || 'anonymous class';
}
