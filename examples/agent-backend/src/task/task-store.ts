import { randomUUID } from 'node:crypto';
import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { Database } from '../database/database.js';
import { isPermissionTier } from '../tools/permission-tier.js';
import type { Caller } from '../tools/tool-executor.js';

const DEFAULT_USER = 'local';
const AGENT = 'files';

/** A task with all that was said and done in it. */
export interface Conversation {
  readonly taskId: string;
  readonly userId: string;
  readonly messages: readonly { turn: number; role: string; content: string }[];
  readonly toolCalls: readonly { turn: number; tool: string; params: unknown; ok: boolean; result: unknown }[];
}

/** Tasks and whose they are. */
@Injectable()
export class TaskStore {
  constructor(private readonly database: Database) {}

  /** The task with this id, or a new one. Rejects with 404 for an unknown task and 403 for someone else's. */
  async open(taskId: string | undefined, userId: string | undefined): Promise<{ taskId: string; caller: Caller }> {
    if (taskId === undefined) {
      const caller = await this.caller(userId ?? DEFAULT_USER);
      return { taskId: await this.create(caller.userId), caller };
    }
    const owner = await this.ownerOf(taskId);
    if (userId !== undefined && userId !== owner) throw new ForbiddenException(`task ${taskId} is another user's`);
    return { taskId, caller: await this.caller(owner) };
  }

  /** Rejects with 404 for an unknown task. */
  async conversation(taskId: string): Promise<Conversation> {
    const userId = await this.ownerOf(taskId);
    const messages = await this.database.query(
      'SELECT turn, role, content FROM messages WHERE task_id = ? ORDER BY turn, role DESC',
      [taskId],
    );
    const calls = await this.database.query(
      'SELECT turn, tool, params, ok, result FROM tool_calls WHERE task_id = ? ORDER BY turn, position',
      [taskId],
    );
    return {
      taskId,
      userId,
      messages: messages.map(({ turn, role, content }) => ({
        turn: Number(turn),
        role: String(role),
        content: String(content),
      })),
      toolCalls: calls.map(({ turn, tool, params, ok, result }) => ({
        turn: Number(turn),
        tool: String(tool),
        params: JSON.parse(String(params)) as unknown,
        ok: ok === 1,
        result: JSON.parse(String(result)) as unknown,
      })),
    };
  }

  private async create(userId: string): Promise<string> {
    const taskId = `task-${randomUUID()}`;
    await this.database.query('INSERT INTO tasks VALUES (?, ?, ?, ?)', [
      taskId,
      userId,
      AGENT,
      new Date().toISOString(),
    ]);
    return taskId;
  }

  private async ownerOf(taskId: string): Promise<string> {
    const task = await this.database.queryOne('SELECT user_id FROM tasks WHERE id = ?', [taskId]);
    if (!task) throw new NotFoundException(`there is no task ${taskId}: leave taskId out to begin one`);
    return String(task['user_id']);
  }

  private async caller(userId: string): Promise<Caller> {
    const user = await this.database.queryOne('SELECT permission_tier FROM users WHERE id = ?', [userId]);
    if (!user) throw new ForbiddenException(`there is no user ${userId}`);
    const tier = user['permission_tier'];
    return { userId, tier: isPermissionTier(tier) ? tier : 'NONE' };
  }
}
