import {
  type DynamicModule,
  Global,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { adminConfig } from '../config/admin.config.js';
import { adminProviders } from './admin/admin-access.js';
import { CacheAdminController } from './admin/admin.controller.js';
import { CacheHttpController } from './cache-http.controller.js';
import { CacheHttpInterceptor } from './cache-http.interceptor.js';
import { CacheHttpMiddleware } from './cache-http.middleware.js';
import { CACHE_HTTP_OPTIONS, type CacheHttpOptions } from './http-options.js';
import { MountedCache } from './mounted-cache.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { QueryMeter } from './query-meter.js';
import { RequestTrace } from './request-trace.js';

const passThrough: NestInterceptor = { intercept: (_context, next) => next.handle() };

/**
 * `GET /cache/health`, `GET /cache/metrics`, headers on every response, and `QueryMeter` for the whole app. Nothing of
 * it exists unless it is imported; it also works, with nothing to report, in an app without `CacheModule`. With
 * `CACHE_ADMIN_TOKEN` set, or with a guard of the app's own, also `POST /cache/invalidate` and `GET /cache/explain`.
 */
@Global()
@Module({
  imports: [ConfigModule.forFeature(adminConfig)],
  controllers: [CacheHttpController, CacheAdminController],
  providers: [
    ...adminProviders,
    MountedCache,
    RequestTrace,
    QueryMeter,
    OutcomeRecorder,
    CacheHttpInterceptor,
    { provide: CACHE_HTTP_OPTIONS, useValue: {} satisfies CacheHttpOptions },
    {
      provide: APP_INTERCEPTOR,
      inject: [CACHE_HTTP_OPTIONS, CacheHttpInterceptor],
      useFactory: ({ interceptor = true }: CacheHttpOptions, headers: CacheHttpInterceptor): NestInterceptor =>
        interceptor ? headers : passThrough,
    },
  ],
  exports: [QueryMeter, RequestTrace, CacheHttpInterceptor],
})
export class CacheHttpModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  private stopListening = (): void => undefined;

  constructor(
    @Inject(CACHE_HTTP_OPTIONS) private readonly options: CacheHttpOptions,
    private readonly trace: RequestTrace,
    private readonly host: HttpAdapterHost,
  ) {}

  /** The module with options; import the class itself for the defaults. */
  static forRoot(options: CacheHttpOptions = {}): DynamicModule {
    return { module: CacheHttpModule, providers: [{ provide: CACHE_HTTP_OPTIONS, useValue: options }] };
  }

  configure(consumer: MiddlewareConsumer): void {
    if (this.hasHeaders) consumer.apply(CacheHttpMiddleware).forRoutes('{*path}');
  }

  /** Some requests end before any middleware: a body that cannot be read, a preflight, a path outside the global prefix. */
  onModuleInit(): void {
    if (this.hasHeaders && this.host.httpAdapter) this.listen(this.host.httpAdapter.getHttpServer() as Server);
  }

  onApplicationShutdown(): void {
    this.stopListening();
  }

  private get hasHeaders(): boolean {
    return this.options.interceptor ?? true;
  }

  private listen(server: Server): void {
    const begin = (_request: unknown, response: unknown): void => this.trace.run(response, () => undefined);
    server.prependListener('request', begin);
    this.stopListening = () => void server.off('request', begin);
  }
}
