import type { Duration } from '../core/policy/duration.js';
import type { ScopeLevel } from '../core/policy/scope.js';

/** What a tool is, as far as a cache must know. */
export interface ToolDescriptor {
  /** Only `'READ_ONLY'` tools are ever cached. Any other one makes every cached tool result unusable. */
  readonly permissionTier: 'READ_ONLY' | 'WRITE' | 'SYSTEM' | (string & {});
  /** Answers differently each time by nature (a clock, a job's status, a cursor): never cached. Default false. */
  readonly volatile?: boolean;
  /** Default: the cache's `ttl.tool`. */
  readonly ttl?: Duration;
  /** Default: the narrowest level that is known. */
  readonly scope?: ScopeLevel;
  /** Part of the key: raise it when the tool's answers change their form. */
  readonly version?: string;
  /** Part of the key: what the answer depends on besides the parameters. */
  readonly vary?: unknown;
}

/** Knows the tools of the app. */
export interface ToolDescriptors {
  /** `undefined`: unknown, so never cached and taken to change everything. */
  describe(tool: string): ToolDescriptor | undefined;
}
