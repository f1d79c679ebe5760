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
import { APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { CacheHttpController } from './cache-http.controller.js';
import { CacheHttpInterceptor } from './cache-http.interceptor.js';
import { CacheHttpMiddleware } from './cache-http.middleware.js';
import { MountedCache } from './mounted-cache.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { QueryMeter } from './query-meter.js';
import { RequestTrace } from './request-trace.js';

/** What an app may leave out. */
export interface CacheHttpOptions {
  /** Headers on every response. Default true; `false`: only where `@UseInterceptors(CacheHttpInterceptor)` says so. */
  readonly interceptor?: boolean;
}

const CACHE_HTTP_OPTIONS = Symbol('nestjs-agent-cache:http-options');

const passThrough: NestInterceptor = { intercept: (_context, next) => next.handle() };

/**
 * `GET /cache/health`, `GET /cache/metrics`, headers on every response, and `QueryMeter` for the whole app. Nothing of
 * it exists unless it is imported; it also works, with nothing to report, in an app without `CacheModule`.
 */
@Global()
@Module({
  controllers: [CacheHttpController],
  providers: [
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
