import type { MethodCall, MethodPolicy, MethodServices } from '../calls/method-policy.js';
import { aFunction, checkOptions } from '../options/option-rules.js';
import { taskIdOf, type TaskOptions } from './task-of.js';

/** Options of `@InvalidatesContext`. */
export type InvalidatesContextOptions<A extends readonly unknown[] = never, I = never> = TaskOptions<A, I>;

/**
 * Makes the cached contexts of a task unusable before the method runs and after it, whatever its outcome, so that nothing
 * loaded meanwhile survives.
 */
export function invalidatesContextPolicy(options: InvalidatesContextOptions): MethodPolicy {
  checkOptions('InvalidatesContext', options, { taskId: aFunction });
  return {
    kind: 'invalidates-context',
    isChange: () => true,
    run: (call, services) => runInvalidating(call, services, options),
  };
}

function runInvalidating(
  call: MethodCall,
  services: MethodServices,
  options: InvalidatesContextOptions,
): Promise<unknown> {
  const context = knownTaskId(call, options);
  const { cache } = services;
  if (context !== null)
    return cache.invalidateAround({ context }, () => call.pass(() => cache.invalidate({ context })));
  services.warnOnce(
    `no-task-id ${call.name}`,
    `${call.name} invalidated no context: its first argument has no taskId or task_id. Give @InvalidatesContext ` +
      `\`taskId\`, a function of the arguments`,
  );
  return call.pass();
}

function knownTaskId(call: MethodCall, options: InvalidatesContextOptions): string | null {
  try {
    return taskIdOf(call, options);
  } catch {
    return null;
  }
}
