import { Injectable } from '@nestjs/common';
import { CacheEvict } from 'nestjs-agent-cache';
import { Database } from '../database/database.js';

/** Names what was read of a user's notes. */
export const contextTag = (userId: string): string => `notes-of:${userId}`;

/** Writes what users want to be remembered in all of their tasks. */
@Injectable()
export class NoteStore {
  constructor(private readonly database: Database) {}

  @CacheEvict({ tags: ({ userId }: { userId: string }) => [contextTag(userId)], before: true })
  async add({ userId, text }: { userId: string; text: string }): Promise<void> {
    await this.database.query('INSERT INTO notes (user_id, text, created_at) VALUES (?, ?, ?)', [
      userId,
      text,
      new Date().toISOString(),
    ]);
  }
}
