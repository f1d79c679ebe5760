export type ToolErrorCode =
  | 'UNKNOWN_TOOL'
  | 'NOT_PERMITTED'
  | 'INVALID_INPUT'
  | 'OUTSIDE_WORKSPACE'
  | 'NOT_FOUND'
  | 'WRONG_KIND'
  | 'TOO_LARGE'
  | 'FAILED';

/** Why a tool did not do what it was asked for; the message is meant for whoever asked. */
export class ToolError extends Error {
  constructor(
    readonly code: ToolErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'ToolError';
  }
}
