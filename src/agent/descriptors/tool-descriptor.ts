import type { CachePolicy } from '../../core/policy/cache-policy.js';
import type { CostOf } from '../../core/policy/cost.js';
import type { Resource } from '../../core/policy/resource.js';
import type { Duration } from '../../core/policy/duration.js';
import type { ScopeLevel } from '../../core/policy/scope.js';

/** What a tool is, as far as a cache must know. */
export interface ToolDescriptor {
  /** Only `'READ_ONLY'` tools are ever cached. Any other one makes unusable what depends on what it `mutates`. */
  readonly permissionTier: 'READ_ONLY' | 'WRITE' | 'SYSTEM' | (string & {});
  /**
   * Answers, or changes something, differently each time by nature (a clock, a job's status, a new random id): never cached,
   * and what was changed on one copy of the world is on no other. Default false.
   */
  readonly volatile?: boolean;
  /** Default: the cache's `ttl.tool`. */
  readonly ttl?: Duration;
  /** Default: the narrowest level that is known. */
  readonly scope?: ScopeLevel;
  /** Part of the key: raise it when the tool's answers change their form. */
  readonly version?: string;
  /** Part of the key: what the answer depends on besides the parameters. */
  readonly vary?: unknown;
  /**
   * What the answer depends on, by the call's parameters. Default: on everything. Of a tool that is not read-only: what its
   * effect depends on besides what it changes, such as the file that it copies; default: nothing. Where it throws, or answers
   * no array of resources, the call runs past the cache.
   */
  readonly dependsOn?: (params: never) => readonly Resource[];
  /**
   * What a tool that is not read-only changes, by the call's parameters; `[]`: nothing. Default, and where it throws or
   * answers no array of resources: everything in its scope.
   */
  readonly mutates?: (params: never) => readonly Resource[];
  /**
   * How files and folders of `dependsOn` are looked at before every hit and around every load: by what the file system says of
   * them, or by what is in them. Default `'none'`: only what tools are known to change counts.
   */
  readonly validate?: 'stat' | 'content' | 'none';
  /** As in `CachePolicy`. */
  readonly admit?: CachePolicy['admit'];
  /** As in the options of the decorator, whose place it takes. */
  readonly cost?: CostOf<never>;
  /**
   * What counts of an answer where a hit is compared with the tool run again; it is given copies. Default: all of it. An
   * answer that tells the time, say, is never the same twice.
   */
  readonly normalise?: (answer: never) => unknown;
}

/** Knows the tools of the app. */
export interface ToolDescriptors {
  /** `undefined`: unknown, so never cached and taken to change everything. */
  describe(tool: string): ToolDescriptor | undefined;
}
