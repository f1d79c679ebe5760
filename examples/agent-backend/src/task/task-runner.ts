import { BadRequestException, Injectable, Optional } from '@nestjs/common';
import { AgentCache } from 'nestjs-agent-cache';
import { type Context, ContextBuilder } from '../context/context-builder.js';
import { type FinishedToolCall, MessageStore } from '../context/message-store.js';
import { nearestNotes } from '../context/nearest-notes.js';
import { NoteStore } from '../context/note-store.js';
import { PromptAssembler } from '../context/prompt-assembler.js';
import { EmbeddingError } from '../embeddings/embedding-error.js';
import { Embedder } from '../embeddings/embedder.js';
import { narrower, type PermissionTier } from '../tools/permission-tier.js';
import { type Caller, ToolExecutor } from '../tools/tool-executor.js';
import { ToolError } from '../tools/tool-error.js';
import { ToolRegistry } from '../tools/tool-registry.js';
import type { ToolCall, ToolResult } from '../tools/tool.js';
import { answerOf } from './answer.js';
import { MAX_TOOL_CALLS, type Plan, planOf } from './planner.js';
import { type Step, StepLog } from './step-log.js';
import { TaskStore } from './task-store.js';

/** What is asked of the agent. */
export interface TaskRequest {
  readonly taskId: string | undefined;
  readonly message: string;
  /** `undefined`: planned from the message. */
  readonly toolCalls: readonly ToolCall[] | undefined;
  readonly userId: string | undefined;
  /** Allows less than the user has; `undefined`: all of it. */
  readonly tierLimit: PermissionTier | undefined;
}

export interface TaskAnswer {
  readonly taskId: string;
  readonly turn: number;
  readonly steps: readonly Step[];
  readonly answer: string;
}

/** One turn of one task. */
interface Turn {
  readonly taskId: string;
  readonly turn: number;
  readonly caller: Caller;
  readonly log: StepLog;
}

/** Runs turns: reads the context, recalls notes, then one tool after the other, each time with the context read again. */
@Injectable()
export class TaskRunner {
  constructor(
    private readonly tasks: TaskStore,
    private readonly contexts: ContextBuilder,
    private readonly messages: MessageStore,
    private readonly notes: NoteStore,
    private readonly embedder: Embedder,
    private readonly executor: ToolExecutor,
    private readonly registry: ToolRegistry,
    private readonly prompts: PromptAssembler,
    @Optional() private readonly cache?: AgentCache,
  ) {}

  /** Rejects with an `HttpException` where the task or the user is not to be had, or too much is asked for; what tools refuse is a step. */
  async run({ taskId: wanted, userId, tierLimit, message, toolCalls }: TaskRequest): Promise<TaskAnswer> {
    const plan: Plan = toolCalls ? { toolCalls, notes: [] } : planOf(message);
    refuseTooMuch(plan);
    const { taskId, caller } = await this.tasks.open(wanted, userId);
    const { turn } = await this.messages.appendUserMessage({ taskId, content: message });
    const log = new StepLog((result) => this.isHit(result));
    const now: Turn = {
      taskId,
      turn,
      log,
      caller: { ...caller, tier: narrower(caller.tier, tierLimit ?? caller.tier) },
    };
    for (const text of plan.notes) await this.remember(now, text);
    const related = await this.recall(now, message);
    const finished: FinishedToolCall[] = [];
    for (const call of plan.toolCalls) {
      await this.context(now);
      finished.push(await this.runTool(now, call));
    }
    await this.assemble(now, related, finished);
    const answer = answerOf(finished, plan.notes);
    await this.messages.completeTurn({ taskId, turn, toolCalls: finished, answer });
    return { taskId, turn, steps: log.steps, answer };
  }

  private remember({ caller, log }: Turn, text: string): Promise<void> {
    const { userId } = caller;
    return log.run(
      { kind: 'note' },
      () => this.notes.add({ userId, text }),
      () => text,
    );
  }

  private context({ taskId, turn, caller, log }: Turn): Promise<Context> {
    const { userId } = caller;
    return log.run(
      { kind: 'context' },
      () => this.contexts.build({ taskId, turn, userId }),
      ({ messages }) => ({ message_count: messages.length }),
    );
  }

  private async recall(now: Turn, message: string): Promise<string[]> {
    const { notes } = await this.context(now);
    if (notes.length === 0) return [];
    try {
      const [wanted, ...vectors] = await now.log.run(
        { kind: 'embedding' },
        () => this.embedder.embed([message, ...notes]),
        ({ length }) => ({ text_count: length }),
      );
      return nearestNotes(notes, wanted!, vectors);
    } catch (error) {
      // Notes are of help, but no turn needs them.
      if (error instanceof EmbeddingError) return [];
      throw error;
    }
  }

  /** What a tool refuses or fails at is no error of the turn. */
  private async runTool({ log, caller }: Turn, call: ToolCall): Promise<FinishedToolCall> {
    const { tool } = call;
    try {
      const execute = (): Promise<ToolResult> => this.executor.execute(call, caller);
      return { ...call, ok: true, result: await log.run({ kind: 'tool', tool }, execute, (result) => result) };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      return { ...call, ok: false, result: { code: error.code, message: error.message } };
    }
  }

  private async assemble(now: Turn, notes: readonly string[], finished: readonly FinishedToolCall[]): Promise<void> {
    const { messages } = await this.context(now);
    const tools = this.registry.all().map(({ name, description }) => ({ name, description }));
    const results = finished.map(({ tool, result }) => `${tool}: ${JSON.stringify(result)}`);
    await now.log.run(
      { kind: 'prompt' },
      () => this.prompts.assemble({ messages, notes, tools, results }),
      ({ text }) => ({ text }),
    );
  }

  private isHit(result: unknown): boolean {
    const status = this.cache?.outcomeOf(result)?.status;
    return status === 'hit' || status === 'stale';
  }
}

function refuseTooMuch({ toolCalls, notes }: Plan): void {
  const count = toolCalls.length + notes.length;
  if (count <= MAX_TOOL_CALLS) return;
  throw new BadRequestException(`the message asks for ${count} things: ${MAX_TOOL_CALLS} are the most at once`);
}
