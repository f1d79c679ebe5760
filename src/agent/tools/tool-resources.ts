import { everything, normalised, type Resource } from '../../core/policy/resource.js';
import type { MethodCall, MethodServices } from '../calls/method-policy.js';
import type { ToolDescriptor } from '../descriptors/tool-descriptor.js';

type ResourceHook = 'dependsOn' | 'mutates';

const CONSEQUENCES: Readonly<Record<ResourceHook, string>> = {
  dependsOn: 'so the call ran past the cache',
  mutates: 'so the call was taken to change everything',
};

/** Asks descriptors what their tools read and change. A descriptor that fails is told of once, and never to the caller. */
export class ToolResources {
  constructor(
    private readonly call: MethodCall,
    private readonly services: MethodServices,
  ) {}

  /** What the answer of a read-only tool depends on; `null`: the descriptor failed to say. */
  dependsOn(descriptor: ToolDescriptor, paramsOf: () => unknown): readonly Resource[] | null {
    const isBlind = descriptor.dependsOn === undefined && isValidated(descriptor);
    if (!isBlind) return descriptor.dependsOn ? this.ask(descriptor, 'dependsOn', paramsOf) : [everything()];
    const { name } = this.call;
    this.services.warnOnce(
      `validate ${name}`,
      `a descriptor of a tool that ${name} ran has \`validate\` and no \`dependsOn\`, so nobody knows which files to look ` +
        `at, and the call ran past the cache: give it \`dependsOn\``,
    );
    return null;
  }

  /** What the tool changes; `null`: everything in its scope, or nobody knows. */
  mutates(descriptor: ToolDescriptor | undefined, paramsOf: () => unknown): readonly Resource[] | null {
    return descriptor?.mutates ? this.ask(descriptor, 'mutates', paramsOf) : null;
  }

  /** What else the effect of a tool depends on; `null`: the descriptor failed to say. */
  neededBy(descriptor: ToolDescriptor | undefined, paramsOf: () => unknown): readonly Resource[] | null {
    return descriptor?.dependsOn ? this.ask(descriptor, 'dependsOn', paramsOf) : [];
  }

  private ask(descriptor: ToolDescriptor, hook: ResourceHook, paramsOf: () => unknown): readonly Resource[] | null {
    try {
      const params = paramsOf();
      const answer: unknown = descriptor[hook]?.(params as never);
      // Nobody else waits for a Promise, should it fail.
      if (answer instanceof Promise) answer.catch(() => undefined);
      if (Array.isArray(answer)) return answer.map(normalised);
    } catch {
      // Told below, like every other answer that names no resources.
    }
    const { name } = this.call;
    this.services.warnOnce(
      `${hook} ${name}`,
      `\`${hook}\` of a descriptor threw when ${name} ran a tool, or answered no array of resources such as ` +
        `[file('a.txt')], ${CONSEQUENCES[hook]}`,
    );
    return null;
  }
}

/** Whether files are looked at. */
export const isValidated = ({ validate = 'none' }: ToolDescriptor): boolean => validate !== 'none';
