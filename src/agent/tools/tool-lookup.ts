import type { MethodCall, MethodServices } from '../calls/method-policy.js';
import { toolNameOf, type ToolCallOptions } from './tool-call.js';
import type { ToolDescriptor } from '../descriptors/tool-descriptor.js';

/** Finds out which tool a call runs, and what it is. What fails is told of once, and never to the caller. */
export class ToolLookup {
  constructor(
    private readonly call: MethodCall,
    private readonly services: Pick<MethodServices, 'tools' | 'warnOnce'>,
  ) {}

  /** `null`: nobody knows. */
  nameOf(options: ToolCallOptions): string | null {
    try {
      const tool = toolNameOf(this.call, options);
      if (tool !== null) return tool;
    } catch {
      // Told below, like an answer that is no name.
    }
    const { name } = this.call;
    this.services.warnOnce(
      `no-tool-name ${name}`,
      `${name} was called without the name of a tool, so the call ran uncached and every cached tool result became ` +
        `unusable. Give @CacheReadOnlyTool \`toolName\` and \`params\`, functions of the arguments`,
    );
    return null;
  }

  /** `undefined`: nobody knows. */
  describe(tool: string): ToolDescriptor | undefined {
    try {
      return this.services.tools.describe(tool);
    } catch {
      const { name } = this.call;
      this.services.warnOnce(
        `describe ${name}`,
        `the tool descriptors threw when ${name} asked for a tool: it was taken for a tool that changes everything`,
      );
      return undefined;
    }
  }
}
