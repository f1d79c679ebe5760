import { ToldError } from '../told-error.js';

export type ToolErrorCode =
  | 'UNKNOWN_TOOL'
  | 'NOT_PERMITTED'
  | 'INVALID_INPUT'
  | 'OUTSIDE_WORKSPACE'
  | 'NOT_FOUND'
  | 'WRONG_KIND'
  | 'TOO_LARGE'
  | 'FAILED';

/** Why a tool did not do what it was asked for. */
export class ToolError extends ToldError {
  override readonly name = 'ToolError';

  constructor(
    readonly code: ToolErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
