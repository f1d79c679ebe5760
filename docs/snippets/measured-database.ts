import { Injectable } from '@nestjs/common';
import { QueryMeter } from 'nestjs-agent-cache/http';

/** The app's own driver. */
abstract class Driver {
  abstract execute(sql: string, args: readonly unknown[]): Promise<unknown[]>;
}

// #region measured-database
@Injectable()
export class Database {
  constructor(
    private readonly driver: Driver,
    private readonly meter: QueryMeter,
  ) {}

  query(sql: string, args: readonly unknown[] = []): Promise<unknown[]> {
    return this.meter.measure(() => this.driver.execute(sql, args));
  }
}
// #endregion measured-database
