/** Tables of the backend. Every statement may run again on a database that has them. */
export const SCHEMA: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS agents (
     id TEXT PRIMARY KEY, model TEXT NOT NULL, instructions TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS users (
     id TEXT PRIMARY KEY, name TEXT NOT NULL, permission_tier TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS tasks (
     id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), agent_id TEXT NOT NULL REFERENCES agents (id),
     created_at TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS messages (
     task_id TEXT NOT NULL REFERENCES tasks (id), turn INTEGER NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL,
     created_at TEXT NOT NULL, PRIMARY KEY (task_id, turn, role))`,
  `CREATE TABLE IF NOT EXISTS tool_calls (
     task_id TEXT NOT NULL REFERENCES tasks (id), turn INTEGER NOT NULL, position INTEGER NOT NULL, tool TEXT NOT NULL,
     params TEXT NOT NULL, ok INTEGER NOT NULL, result TEXT NOT NULL, PRIMARY KEY (task_id, turn, position))`,
  `CREATE TABLE IF NOT EXISTS notes (
     id INTEGER PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), text TEXT NOT NULL, created_at TEXT NOT NULL)`,
  `CREATE INDEX IF NOT EXISTS notes_of_user ON notes (user_id)`,
];

/** What a fresh database holds: one agent, two users who differ in what they may do, and what one of them noted. */
export const SEED: readonly string[] = [
  `INSERT OR IGNORE INTO agents VALUES ('files', 'rules-1',
     'You work with the files of one folder. Look before you change anything, and say what you did.')`,
  `INSERT OR IGNORE INTO users VALUES ('local', 'Local user', 'WRITE'), ('reader', 'Reader', 'READ_ONLY')`,
  `INSERT OR IGNORE INTO notes VALUES
     (1, 'local', 'Answers should name the file and the line.', '2026-01-01T00:00:00.000Z'),
     (2, 'local', 'Release notes live in the folder notes, one file a month.', '2026-01-01T00:00:00.000Z'),
     (3, 'local', 'Prices are kept in euro cents, never as floats.', '2026-01-01T00:00:00.000Z')`,
];
