import type { Provider } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { type CacheFactoryOptions, MODULE_OPTIONS_TOKEN } from '../cache.module-definition.js';
import { RequestScopeInterceptor } from './request-scope.interceptor.js';
import { RequestScopes } from './request-scopes.js';

const REQUEST_SCOPE_INTERCEPTOR = Symbol('nestjs-agent-cache:request-scope-interceptor');

/**
 * Puts the scope around requests, only where the app asks for it. It is added before any other global interceptor, so that
 * those run within the scope as well. An app without transports has no place for it.
 */
function surroundRequests(
  scopes: RequestScopes,
  options: CacheFactoryOptions | null | undefined,
  config: ApplicationConfig | undefined,
): RequestScopeInterceptor | null {
  const fromRequest = options?.scope?.fromRequest;
  if (typeof fromRequest !== 'function') return null;
  const interceptor = new RequestScopeInterceptor(scopes, fromRequest);
  config?.addGlobalInterceptor(interceptor);
  return interceptor;
}

/** What fills the scope from requests. */
export const scopeProviders: Provider[] = [
  RequestScopes,
  {
    provide: REQUEST_SCOPE_INTERCEPTOR,
    inject: [RequestScopes, MODULE_OPTIONS_TOKEN, { token: ApplicationConfig, optional: true }],
    useFactory: surroundRequests,
  },
];
