export { type MetricsReport } from './nest/http/cache-http.controller.js';
export { CacheHttpInterceptor } from './nest/http/cache-http.interceptor.js';
export { CacheHttpModule, type CacheHttpOptions } from './nest/http/cache-http.module.js';
export { QueryMeter } from './nest/http/query-meter.js';
