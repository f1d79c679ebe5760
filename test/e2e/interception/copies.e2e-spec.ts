import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { firstValueFrom, Observable, take } from 'rxjs';
import { CacheScope } from '../../../src/composition/cache-scope.js';
import { file } from '../../../src/core/policy/resource.js';
import type { CacheModuleOptions } from '../../../src/nest/cache.module-definition.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { boot, closeAll } from './boot.js';

afterEach(closeAll);

interface Call {
  readonly tool: string;
  readonly params: { readonly path: string };
}
const OPTIONS: CacheModuleOptions = {
  tools: {
    read: { permissionTier: 'READ_ONLY', dependsOn: ({ path }: Call['params']) => [file(path)] },
    write: { permissionTier: 'WRITE', mutates: ({ path }: Call['params']) => [file(path)] },
  },
};
const call = (tool: string, path = 'a'): Call => ({ tool, params: { path } });

@Injectable()
class Executor {
  runs = 0;

  @CacheReadOnlyTool()
  async execute(_call: Call, _signal?: AbortSignal): Promise<number> {
    return ++this.runs;
  }

  /** Emits one value, and never ends by itself. */
  @CacheReadOnlyTool()
  stream(_call: Call): Observable<number> {
    return new Observable((subscriber) => {
      subscriber.next(++this.runs);
    });
  }
}

describe('decorated tools on copies of a base', () => {
  it('answer by the state of the copy', async () => {
    const { app } = await boot({ providers: [Executor] }, OPTIONS);
    const [executor, scope] = [app.get(Executor), app.get(CacheScope)];
    const on = (session: string, ...args: [Call, AbortSignal?]): Promise<number> =>
      scope.run({ session, base: 'repo@1' }, () => executor.execute(...args));
    expect([await on('s1', call('read')), await on('s2', call('read'))]).toEqual([1, 1]);
    expect(await on('s2', call('write'))).toBe(2);
    expect([await on('s1', call('read')), await on('s2', call('read'))]).toEqual([1, 3]);
    expect([await executor.execute(call('read')), await on('s2', call('read'))]).toEqual([4, 3]);
    expect([await on('s3', call('write')), await on('s3', call('read'))]).toEqual([5, 3]);
    // Nobody knows how far it got.
    const aborted = AbortSignal.abort();
    for (const session of ['s4', 's5']) await on(session, call('write'), aborted);
    expect([await on('s4', call('read')), await on('s5', call('read'))]).toEqual([8, 9]);
  });

  it('answer by the state after a change whose subscriber has left', async () => {
    const { app } = await boot({ providers: [Executor] }, OPTIONS);
    const [executor, scope] = [app.get(Executor), app.get(CacheScope)];
    const read = () => executor.execute(call('read'));
    const change = async () => {
      const value = await firstValueFrom(executor.stream(call('write')).pipe(take(1)));
      // Until then, nothing that it has touched is read from the cache.
      await turn();
      return value;
    };
    const onCopy = (session: string) =>
      scope.run({ session, base: 'repo@1' }, async () => [await read(), await change(), await read(), await read()]);
    expect(await onCopy('s1')).toEqual([1, 2, 3, 3]);
    // Another one that left may have left earlier.
    expect(await onCopy('s2')).toEqual([1, 4, 5, 5]);
    expect([await read(), await change(), await read(), await read()]).toEqual([6, 7, 8, 8]);
  });
});
