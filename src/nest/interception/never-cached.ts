import 'reflect-metadata';

const NEVER = 'nestjs-agent-cache:never-cache';

/** Marks the method, or property, `key` of a class as one whose results are never stored. */
export function markNeverCached(prototype: object, key: string | symbol): void {
  Reflect.defineMetadata(NEVER, true, prototype, key);
}

/**
 * Whether the method `key`, as `holder` has it, is marked: where it is declared, which for an inherited one is further up. A
 * class that declares it anew has to mark it anew. `isInstance`: `holder` is an object whose property it may be.
 */
export function isNeverCached(holder: object, key: string | symbol, isInstance = false): boolean {
  for (let at: object | null = holder; at; at = Object.getPrototypeOf(at) as object | null) {
    if (Reflect.hasOwnMetadata(NEVER, at, key)) return true;
    if (Object.hasOwn(at, key) && !(isInstance && at === holder)) return false;
  }
  return false;
}
