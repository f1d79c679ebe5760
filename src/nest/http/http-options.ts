import type { CacheAdminOptions } from './admin/admin-options.js';

/** What an app may leave out. */
export interface CacheHttpOptions {
  /** Headers on every response. Default true; `false`: only where `@UseInterceptors(CacheHttpInterceptor)` says so. */
  readonly interceptor?: boolean;
  /** `POST /cache/invalidate` and `GET /cache/explain`, which exist with a guard or with `CACHE_ADMIN_TOKEN` only. */
  readonly admin?: CacheAdminOptions;
}

export const CACHE_HTTP_OPTIONS = Symbol('nestjs-agent-cache:http-options');
