import { type InputOf, type InputSchema, readInput } from './input-schema.js';
import type { PermissionTier } from './permission-tier.js';

/** What a tool answers: plain data. */
export type ToolResult = Readonly<Record<string, unknown>>;

/** One call of a tool, as a message or a planner asked for it. */
export interface ToolCall {
  readonly tool: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Something that the agent can do. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** The least tier that a caller must hold. */
  readonly permissionTier: Exclude<PermissionTier, 'NONE'>;
  /** Throws `INVALID_INPUT` where `run` would. */
  validate(params: ToolCall['params']): void;
  /** Throws a `ToolError`. */
  run(params: ToolCall['params']): Promise<ToolResult>;
}

/** A tool whose `run` gets its inputs checked and typed. */
export function defineTool<S extends InputSchema>(definition: {
  name: string;
  description: string;
  permissionTier: Tool['permissionTier'];
  input: S;
  run: (input: InputOf<S>) => Promise<ToolResult>;
}): Tool {
  const { name, description, permissionTier, input, run } = definition;
  return {
    name,
    description,
    permissionTier,
    validate: (params) => void readInput(name, input, params),
    run: async (params) => run(readInput(name, input, params)),
  };
}
