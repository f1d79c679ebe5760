import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type CallHandler, type ExecutionContext, Logger } from '@nestjs/common';
import { defer, firstValueFrom, of, Subject, throwError } from 'rxjs';
import { RequestScopeInterceptor } from '../../../src/nest/scope/request-scope.interceptor.js';
import { RequestScopes } from '../../../src/nest/scope/request-scopes.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

const contextOf = (user: string): ExecutionContext => ({ user }) as unknown as ExecutionContext;
const userOf = (context: ExecutionContext): { principal: string } => ({
  principal: (context as unknown as { user: string }).user,
});

function surrounding(resolver: (context: ExecutionContext) => unknown = userOf): {
  scopes: RequestScopes;
  interceptor: RequestScopeInterceptor;
  warnings: unknown[];
} {
  const warnings: unknown[] = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(message));
  const scopes = new RequestScopes();
  return { scopes, warnings, interceptor: new RequestScopeInterceptor(scopes, resolver as typeof userOf) };
}

afterEach(() => void jest.restoreAllMocks());

describe('the scope around a request', () => {
  it('holds where the handler is called and where what it answers is subscribed to, and nowhere else', async () => {
    const { scopes, interceptor } = surrounding();
    const seen: unknown[] = [];
    const handle = (): ReturnType<CallHandler['handle']> => {
      seen.push(scopes.current());
      return defer(async () => {
        await Promise.resolve();
        seen.push(scopes.current());
      });
    };
    await firstValueFrom(interceptor.intercept(contextOf('alice'), { handle }));
    expect(seen).toEqual([{ principal: 'alice' }, { principal: 'alice' }]);
    expect(scopes.current()).toBeUndefined();
  });

  it('is that of the inner request where one is handled within another', async () => {
    const { scopes, interceptor } = surrounding();
    const inner = interceptor.intercept(contextOf('bob'), { handle: () => defer(async () => scopes.current()) });
    const outer = interceptor.intercept(contextOf('alice'), { handle: () => inner });
    expect(await firstValueFrom(outer)).toEqual({ principal: 'bob' });
  });

  it('passes on errors, and lets go of the handler when its caller leaves', async () => {
    const { interceptor } = surrounding();
    const failure = new Error('handler');
    const failing = interceptor.intercept(contextOf('alice'), { handle: () => throwError(() => failure) });
    await expect(firstValueFrom(failing)).rejects.toBe(failure);
    const source = new Subject<number>();
    const subscription = interceptor.intercept(contextOf('alice'), { handle: () => source }).subscribe();
    expect(source.observed).toBe(true);
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
  });

  it.each<[string, (context: ExecutionContext) => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new RangeError('secret');
      },
      /^scope\.fromRequest threw \(RangeError\)\. .*nothing is cached$/,
    ],
    [
      'answers a Promise',
      () => Promise.reject(new Error('secret')),
      /^scope\.fromRequest answered a Promise: let a guard/,
    ],
  ])('says once that the resolver %s, and no more than that', async (_what, resolver, message) => {
    const { interceptor, warnings } = surrounding(resolver);
    const unhandled = await unhandledDuring(async () => {
      for (const user of ['alice', 'bob']) {
        const answer = interceptor.intercept(contextOf(user), { handle: () => of(user) });
        expect(await firstValueFrom(answer)).toBe(user);
      }
    });
    expect(unhandled).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(message)]);
    expect(String(warnings)).not.toContain('secret');
  });
});
