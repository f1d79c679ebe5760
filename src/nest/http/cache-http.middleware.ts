import { Injectable, type NestMiddleware } from '@nestjs/common';
import { RequestTrace } from './request-trace.js';

/** Continues the record of a request before guards run, so that what they ask of the cache is told too. */
@Injectable()
export class CacheHttpMiddleware implements NestMiddleware {
  constructor(private readonly trace: RequestTrace) {}

  use(_request: unknown, response: unknown, next: () => void): void {
    this.trace.run(response, next);
  }
}
