import { type CallHandler, type ExecutionContext, Logger, type NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import { kindOfError } from '../../agent/calls/kind-of-error.js';
import type { ScopeValues } from '../../core/policy/scope.js';
import type { RequestScopes } from './request-scopes.js';

/**
 * Says of a request, a message or an event who is asking; `undefined`: nobody knows. Called once for each, after the
 * guards, with what an interceptor gets.
 */
export type RequestScopeResolver = (context: ExecutionContext) => ScopeValues | undefined;

/** Handles each request, of whatever transport, in the scope of who sent it. */
export class RequestScopeInterceptor implements NestInterceptor {
  private readonly logger = new Logger('AgentCache');
  private hasWarned = false;

  constructor(
    private readonly scopes: RequestScopes,
    private readonly fromRequest: RequestScopeResolver,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const values = this.valuesOf(context);
    // What the handler emits later is asked for here, too: an Observable runs where it is subscribed to.
    return new Observable((subscriber) => this.scopes.run(values, () => next.handle().subscribe(subscriber)));
  }

  /** What names nobody is kept as it is: then no id is known, and all that depends on one bypasses the cache. */
  private valuesOf(context: ExecutionContext): unknown {
    try {
      const values: unknown = this.fromRequest(context);
      if (values instanceof Promise) {
        values.catch(() => undefined);
        this.warn('answered a Promise: let a guard or a middleware put on the request what is needed');
      }
      return values;
    } catch (error) {
      this.warn(`threw (${kindOfError(error)})`);
      return UNKNOWN;
    }
  }

  private warn(what: string): void {
    if (!this.hasWarned) this.logger.warn(`scope.fromRequest ${what}. It is not known who asks, so nothing is cached`);
    this.hasWarned = true;
  }
}

/** No ids at all. */
const UNKNOWN = 'unknown';
