import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Database } from '../../../examples/agent-backend/src/database/database.js';
import { Counters } from '../../../examples/agent-backend/src/health/counters.js';
import { Settings } from '../../../examples/agent-backend/src/settings.js';

let folder: string;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-database-'));
  database = new Database(new Settings(folder, join(folder, 'backend.db')), new Counters());
  await database.onModuleInit();
});
afterEach(async () => {
  database.onApplicationShutdown();
  await rm(folder, { recursive: true });
});

describe('Database', () => {
  it('syncs its file as seldom for statements at once as for one', async () => {
    const rows = await Promise.all(Array.from({ length: 20 }, () => database.queryOne('PRAGMA synchronous')));
    const NORMAL = 1;
    expect(rows).toEqual(Array(20).fill({ synchronous: NORMAL }));
  });

  it('is closed when the app ends', async () => {
    database.onApplicationShutdown();
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });
});
