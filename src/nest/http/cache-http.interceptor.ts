import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import { RequestTrace } from './request-trace.js';

/**
 * Adds `Cache-Status`, `Server-Timing`, `X-Process-Time` (ms), `X-Query-Count` and `X-Query-Time` (ms) to the response
 * of an HTTP request, also when its handler fails. Other kinds of calls pass through.
 */
@Injectable()
export class CacheHttpInterceptor implements NestInterceptor {
  constructor(private readonly trace: RequestTrace) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const response = context.switchToHttp().getResponse<unknown>();
    return new Observable((subscriber) => this.trace.run(response, () => next.handle().subscribe(subscriber)));
  }
}
