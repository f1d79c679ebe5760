import type { MethodCall, MethodServices } from './method-policy.js';

/**
 * The last segments of a key: whose entry it is. With a namespace that and the method, otherwise the identity. `null`
 * where neither is known.
 */
export function ownerSegments(call: MethodCall, { keys }: MethodServices, namespace: string | undefined): string | null {
  if (namespace !== undefined) return keys.key(namespace, call.method);
  return call.identity === null ? null : keys.key(call.identity);
}

/** Says once how a method whose instances cannot be told apart comes to be cached. */
export function warnOfUnknownIdentity(call: MethodCall, services: MethodServices): void {
  services.warnOnce(
    `unknown-identity ${call.name}`,
    `${call.name} runs uncached: its instance cannot be told from others, because several providers have the same ` +
      `name and class, or because it holds the request. Give the decorator a \`namespace\` to say that all instances ` +
      `share, and \`vary\` for what they do not share`,
  );
}
