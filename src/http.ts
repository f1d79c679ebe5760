export { type CacheAdminOptions } from './nest/http/admin/admin-options.js';
export { type MetricsReport } from './nest/http/cache-http.controller.js';
export { CacheHttpInterceptor } from './nest/http/cache-http.interceptor.js';
export { CacheHttpModule } from './nest/http/cache-http.module.js';
export { type CacheHttpOptions } from './nest/http/http-options.js';
export { QueryMeter } from './nest/http/query-meter.js';
