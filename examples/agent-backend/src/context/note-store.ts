import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Writes what users want to be remembered in all of their tasks. */
@Injectable()
export class NoteStore {
  constructor(private readonly database: Database) {}

  async add({ userId, text }: { userId: string; text: string }): Promise<void> {
    await this.database.query('INSERT INTO notes (user_id, text, created_at) VALUES (?, ?, ?)', [
      userId,
      text,
      new Date().toISOString(),
    ]);
  }
}
