import type { ToolDescriptor } from './tool-descriptor.js';

/** What an MCP server says of a tool, as far as a cache must know. */
export interface ToolAnnotations {
  readonly readOnlyHint?: boolean | undefined;
  readonly destructiveHint?: boolean | undefined;
  readonly openWorldHint?: boolean | undefined;
}

const isSaid = (hint: unknown): boolean => hint !== undefined && hint !== null && hint !== false;

/**
 * What annotations make of a tool: read-only if `readOnlyHint` is true and `destructiveHint` is not, and volatile where
 * `openWorldHint` says that it answers from a world that nobody here hears of; otherwise a tool that may change everything.
 * `undefined` where there are no annotations.
 *
 * The annotations of the app's own tools are read without it. Those of a foreign server are what that server likes to say:
 * give them to this only where you trust it.
 */
export function descriptorFromAnnotations(annotations: ToolAnnotations | null | undefined): ToolDescriptor | undefined {
  if (typeof annotations !== 'object' || annotations === null) return undefined;
  const { readOnlyHint, destructiveHint, openWorldHint } = annotations;
  if (readOnlyHint !== true || isSaid(destructiveHint)) return { permissionTier: 'WRITE' };
  return { permissionTier: 'READ_ONLY', ...(isSaid(openWorldHint) && { volatile: true }) };
}

/** What holds for two tools of one name, since nobody knows which of them is called. */
export function weakerDescriptor(
  one: ToolDescriptor | undefined,
  other: ToolDescriptor | undefined,
): ToolDescriptor | undefined {
  if (one?.permissionTier !== 'READ_ONLY' || other?.permissionTier !== 'READ_ONLY') {
    return one && other && { permissionTier: 'WRITE' };
  }
  return one.volatile ? one : other;
}
