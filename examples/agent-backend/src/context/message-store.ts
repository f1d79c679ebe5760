import { Injectable } from '@nestjs/common';
import { InvalidatesContext } from 'nestjs-agent-cache';
import { Database } from '../database/database.js';
import type { ToolCall } from '../tools/tool.js';

/** A tool call that was made, with what came of it. */
export interface FinishedToolCall extends ToolCall {
  readonly ok: boolean;
  /** The result, or the error. */
  readonly result: unknown;
}

/** Writes what is said and done in tasks. */
@Injectable()
export class MessageStore {
  constructor(private readonly database: Database) {}

  /** Begins the next turn of a task with what the user said. */
  @InvalidatesContext()
  async appendUserMessage({ taskId, content }: { taskId: string; content: string }): Promise<{ turn: number }> {
    // One statement: two requests at once get two turns.
    const row = await this.database.queryOne(
      `INSERT INTO messages (task_id, turn, role, content, created_at)
       SELECT ?1, COALESCE(MAX(turn), 0) + 1, 'user', ?2, ?3 FROM messages WHERE task_id = ?1 RETURNING turn`,
      [taskId, content, new Date().toISOString()],
    );
    return { turn: Number(row?.['turn']) };
  }

  /** Ends a turn with the tool calls that were made in it and what the agent said. */
  @InvalidatesContext()
  async completeTurn(end: {
    taskId: string;
    turn: number;
    toolCalls: readonly FinishedToolCall[];
    answer: string;
  }): Promise<void> {
    const { taskId, turn, toolCalls, answer } = end;
    const calls = toolCalls.flatMap(({ tool, params, ok, result }, position) => [
      ...[taskId, turn, position, tool],
      ...[JSON.stringify(params), Number(ok), JSON.stringify(result)],
    ]);
    const rows = toolCalls.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ');
    await this.database.write([
      ...(rows ? [{ sql: `INSERT INTO tool_calls VALUES ${rows}`, args: calls }] : []),
      {
        sql: `INSERT INTO messages (task_id, turn, role, content, created_at) VALUES (?, ?, 'assistant', ?, ?)`,
        args: [taskId, turn, answer, new Date().toISOString()],
      },
    ]);
  }
}
