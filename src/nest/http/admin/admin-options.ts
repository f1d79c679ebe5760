import type { CanActivate, Type } from '@nestjs/common';
import type { Duration } from '../../../core/policy/duration.js';

/** Who may use the endpoints for administration, and how often. */
export interface CacheAdminOptions {
  /**
   * The app's own guard: an instance, or a class that one of the app's modules provides, of whatever scope; one that none
   * provides is made of what is global. With `CACHE_ADMIN_TOKEN` set as well, a request needs a token and the guard.
   */
  readonly guard?: Type<CanActivate> | CanActivate;
  /** Requests of one caller to both endpoints together within `ttl`, those that are refused included. 1 to 1,000. Default 10. */
  readonly limit?: number;
  /** 1 s to 1 h. Default `'1m'`. */
  readonly ttl?: Duration;
}
