import type { Resource, ToolDescriptor } from 'nestjs-agent-cache';
import { PolicyError, type ReplayPolicy } from './replay-policy.js';
import type { RecordedCall } from './trace.js';

/** What a policy says of one recorded call. */
export interface DescribedCall {
  /** As the policy gave it; `undefined`: the tool is not known. */
  readonly descriptor: ToolDescriptor | undefined;
  /** Whether the policy allows the call to be cached. */
  readonly isEligible: boolean;
}

/**
 * Asks the policy about a call, and its hooks about the call's parameters. Throws `PolicyError` where one of them throws or
 * answers nonsense: the cache would run the tool as if nothing was said of it, which is right for an app but says nothing
 * about the policy.
 */
export function describeCall(policy: ReplayPolicy, { tool, args, env }: RecordedCall): DescribedCall {
  const asked = `${policy.name}: describe('${tool}', …)`;
  const descriptor = attempt(asked, () => policy.describe(tool, args, env)) ?? undefined;
  if (descriptor === undefined) return { descriptor, isEligible: false };
  const wrong = problemsOf(descriptor);
  if (wrong.length > 0)
    throw new PolicyError(`${asked} must answer undefined or a descriptor with ${wrong.join(', ')}`);
  for (const hook of ['dependsOn', 'mutates'] as const) {
    const resources: unknown = attempt(`${asked}.${hook}`, () => descriptor[hook]?.(args as never));
    if (resources === undefined && descriptor[hook] === undefined) continue;
    if (Array.isArray(resources) && resources.every(isResource)) continue;
    throw new PolicyError(`${asked}.${hook} must answer an array of resources { type, id }, both texts`);
  }
  return { descriptor, isEligible: descriptor.permissionTier === 'READ_ONLY' && !descriptor.volatile };
}

function problemsOf(descriptor: unknown): string[] {
  const { permissionTier, volatile, dependsOn, mutates } = Object(descriptor) as Record<string, unknown>;
  const isOptional = (value: unknown, type: string): boolean => value === undefined || typeof value === type;
  return [
    ...(typeof permissionTier === 'string' ? [] : ["permissionTier, a text such as 'READ_ONLY'"]),
    ...(isOptional(volatile, 'boolean') ? [] : ['volatile, true or false']),
    ...(isOptional(dependsOn, 'function') ? [] : ['dependsOn, a function (params)']),
    ...(isOptional(mutates, 'function') ? [] : ['mutates, a function (params)']),
  ];
}

function isResource(value: unknown): value is Resource {
  const { type, id } = Object(value) as Record<string, unknown>;
  return typeof type === 'string' && typeof id === 'string';
}

function attempt<T>(what: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw new PolicyError(`${what} throws ${String(error)}`);
  }
}
