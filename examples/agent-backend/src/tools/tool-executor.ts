import { Injectable, Logger } from '@nestjs/common';
import { CacheReadOnlyTool } from 'nestjs-agent-cache';
import { Counters } from '../health/counters.js';
import { covers, type PermissionTier } from './permission-tier.js';
import { ToolRegistry } from './tool-registry.js';
import type { Tool, ToolCall, ToolResult } from './tool.js';
import { ToolError } from './tool-error.js';

/** For whom a tool runs. */
export interface Caller {
  readonly userId: string;
  /** The most that tools may do for them. */
  readonly tier: PermissionTier;
}

/** Runs tools for callers: the one way to them. */
@Injectable()
export class ToolExecutor {
  private readonly log = new Logger(ToolExecutor.name);

  constructor(
    private readonly registry: ToolRegistry,
    private readonly counters: Counters,
  ) {}

  /** Rejects with a `ToolError` for an unknown tool, a caller without permission, wrong input and what the tool meets. */
  @CacheReadOnlyTool<[ToolCall, Caller], ToolExecutor>({
    authorize(call, caller) {
      this.authorize(call, caller);
    },
    validate(call) {
      this.validate(call);
    },
    // All callers see the same files: who asks decides whether they get an answer, not which.
    vary: () => null,
  })
  async execute(call: ToolCall, caller: Caller): Promise<ToolResult> {
    this.authorize(call, caller);
    this.validate(call);
    this.counters.toolExecutions++;
    return this.toolOf(call)
      .run(call.params)
      .catch((error: unknown) => {
        if (error instanceof ToolError) throw error;
        // Messages of the system name places outside the workspace: they are for the log alone.
        this.log.error(`${call.tool} failed`, error instanceof Error ? error.stack : String(error));
        throw new ToolError('FAILED', `${call.tool} could not be carried out`, { cause: error });
      });
  }

  /** Throws unless the caller may use the tool. */
  authorize(call: ToolCall, caller: Caller): void {
    const { permissionTier } = this.toolOf(call);
    if (covers(caller.tier, permissionTier)) return;
    throw new ToolError(
      'NOT_PERMITTED',
      `${call.tool} needs the permission tier ${permissionTier}; the caller has ${caller.tier}`,
    );
  }

  /** Throws unless the tool takes these inputs. */
  validate(call: ToolCall): void {
    this.toolOf(call).validate(call.params);
  }

  private toolOf({ tool }: ToolCall): Tool {
    const found = this.registry.find(tool);
    if (found) return found;
    const known = this.registry.all().map(({ name }) => name);
    throw new ToolError('UNKNOWN_TOOL', `there is no tool '${tool.slice(0, 64)}'; there are ${known.join(', ')}`);
  }
}
