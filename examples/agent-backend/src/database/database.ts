import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient, type Client, type InArgs, type InStatement } from '@libsql/client';
import { Injectable, Optional, type OnModuleInit, type OnApplicationShutdown } from '@nestjs/common';
import { QueryMeter } from 'nestjs-agent-cache/http';
import { Counters } from '../health/counters.js';
import { Settings } from '../settings.js';
import { SCHEMA, SEED } from './schema.js';

/** One row, by column; the tables hold nothing but text and numbers. */
export type Row = Readonly<Record<string, string | number | null>>;

/** The backend's SQL database: one file. Every statement goes through here, and is counted. */
@Injectable()
export class Database implements OnModuleInit, OnApplicationShutdown {
  private readonly client: Client;

  constructor(
    settings: Settings,
    private readonly counters: Counters,
    @Optional() private readonly meter?: QueryMeter,
  ) {
    mkdirSync(dirname(settings.databaseFile), { recursive: true });
    // Pragmas are a connection's own: with more than one, those of `onModuleInit` would hold for some statements only.
    this.client = createClient({ url: pathToFileURL(settings.databaseFile).href, concurrency: 1 });
  }

  /** Makes the tables and their first rows where they are missing. */
  async onModuleInit(): Promise<void> {
    // Another process on the same file is waited for.
    await this.client.execute('PRAGMA busy_timeout = 5000');
    await this.client.execute('PRAGMA journal_mode = WAL');
    await this.client.execute('PRAGMA synchronous = NORMAL');
    await this.client.batch([...SCHEMA, ...SEED], 'write');
  }

  onApplicationShutdown(): void {
    this.client.close();
  }

  /** Runs one statement and answers its rows. */
  query(sql: string, args: InArgs = []): Promise<Row[]> {
    this.counters.queries++;
    const execute = async (): Promise<Row[]> => (await this.client.execute({ sql, args })).rows as unknown[] as Row[];
    return this.meter ? this.meter.measure(execute) : execute();
  }

  /** Runs one statement of which at most one row is expected. */
  async queryOne(sql: string, args: InArgs = []): Promise<Row | undefined> {
    return (await this.query(sql, args))[0];
  }

  /** Runs several statements as one transaction; each counts. */
  async write(statements: readonly Exclude<InStatement, string>[]): Promise<void> {
    this.counters.queries += statements.length;
    const execute = async (): Promise<unknown> => this.client.batch([...statements], 'write');
    await (this.meter ? this.meter.measure(execute) : execute());
    // One was measured, with the time of all.
    for (let further = 1; further < statements.length; further++) this.meter?.record(0);
  }
}
