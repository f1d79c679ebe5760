import { Injectable } from '@nestjs/common';
import { CacheContext } from 'nestjs-agent-cache';
import { Database } from '../database/database.js';
import type { Message } from './message.js';
import { contextTag } from './note-store.js';

const MAX_MESSAGES = 40;
const MAX_TOOL_CALLS = 40;
const MAX_NOTES = 50;
const MAX_RESULT_CHARACTERS = 1_500;

/** Which context is wanted. */
export interface ContextRequest {
  readonly taskId: string;
  readonly turn: number;
  /** Whose task it is. */
  readonly userId: string;
}

export interface Context extends ContextRequest {
  /** Instructions first, then the conversation up to the turn, oldest first, with the tool calls of earlier turns. */
  readonly messages: readonly Message[];
  /** What is known about the user, newest first. */
  readonly notes: readonly string[];
}

/** Reads what an agent must know in a turn. Everything comes from the database, anew on every call. */
@Injectable()
export class ContextBuilder {
  constructor(private readonly database: Database) {}

  @CacheContext({
    vary: ({ userId }: ContextRequest) => userId,
    tags: ({ userId }: ContextRequest) => [contextTag(userId)],
  })
  async build(request: ContextRequest): Promise<Context> {
    const { taskId, turn, userId } = request;
    const task = await this.database.queryOne('SELECT agent_id FROM tasks WHERE id = ?', [taskId]);
    const agent = await this.database.queryOne('SELECT instructions FROM agents WHERE id = ?', [
      task?.['agent_id'] ?? null,
    ]);
    const user = await this.database.queryOne('SELECT name FROM users WHERE id = ?', [userId]);
    const system: Message = {
      role: 'system',
      content: `${String(agent?.['instructions'] ?? '')}\nYou work for ${String(user?.['name'] ?? userId)}.`,
    };
    return {
      ...request,
      messages: [system, ...(await this.conversation(taskId, turn))],
      notes: await this.notes(userId),
    };
  }

  private async conversation(taskId: string, turn: number): Promise<Message[]> {
    const said = await this.database.query(
      `SELECT turn, role, content FROM messages WHERE task_id = ? AND turn <= ? ORDER BY turn DESC, role LIMIT ${MAX_MESSAGES}`,
      [taskId, turn],
    );
    const done = await this.database.query(
      `SELECT turn, tool, result FROM tool_calls WHERE task_id = ? AND turn < ?
       ORDER BY turn DESC, position DESC LIMIT ${MAX_TOOL_CALLS}`,
      [taskId, turn],
    );
    return said.reverse().flatMap((row) => {
      const message: Message = { role: row['role'] as Message['role'], content: String(row['content']) };
      if (message.role !== 'assistant') return [message];
      // What tools answered in a turn stands before what the agent said at its end.
      const results = done.filter((call) => call['turn'] === row['turn']).reverse();
      return [
        ...results.map((call): Message => ({
          role: 'tool',
          content: `${String(call['tool'])}: ${shorten(String(call['result']))}`,
        })),
        message,
      ];
    });
  }

  private async notes(userId: string): Promise<string[]> {
    const rows = await this.database.query(
      `SELECT text FROM notes WHERE user_id = ? ORDER BY id DESC LIMIT ${MAX_NOTES}`,
      [userId],
    );
    return rows.map((row) => String(row['text']));
  }
}

function shorten(text: string): string {
  return text.length > MAX_RESULT_CHARACTERS ? `${text.slice(0, MAX_RESULT_CHARACTERS)}…` : text;
}
