import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { isObservable, of, Subject } from 'rxjs';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { InvalidatesContext } from '../../../src/nest/decorators/invalidates-context.decorator.js';
import { bindCache } from '../../../src/nest/interception/bindings.js';
import { boot, closeAll, type Booted } from './boot.js';

class CancelablePromise<T> extends Promise<T> {
  cancel(): string {
    return 'cancelled';
  }
}

afterEach(closeAll);

describe('39. methods of which the compiler does not say what they answer', () => {
  @Injectable()
  class Untyped {
    runs = 0;
    subject = new Subject<number>();
    @Cacheable()
    promised(id: string) {
      this.runs++;
      return id ? Promise.resolve(id) : Promise.reject(new RangeError('no id'));
    }
    @Cacheable()
    observed() {
      return of(1);
    }
    @Cacheable()
    // The return type is wider than the decorator allows for, on purpose.
    sync(id: string): never {
      this.runs++;
      return id as never;
    }
    @Cacheable()
    live() {
      return this.subject;
    }
    @Cacheable()
    cancelable(_id: string) {
      return Object.assign(Promise.resolve(1), { cancel: () => 'cancelled' });
    }
    @Cacheable()
    ofLibrary(_id: string): CancelablePromise<number> {
      return CancelablePromise.resolve(1) as CancelablePromise<number>;
    }
    @InvalidatesContext()
    append(_message: { taskId: string }): CancelablePromise<number> {
      return CancelablePromise.resolve(1) as CancelablePromise<number>;
    }
    @CacheContext()
    build(state: { taskId: string; turn: number }) {
      const { turn: number } = state;
      state.turn++;
      return Promise.resolve({ messages: [`turn ${number}`] });
    }
  }

  const start = async (): Promise<Booted & { untyped: Untyped; reasons: string[] }> => {
    const booted = await boot({ providers: [Untyped] });
    const reasons: string[] = [];
    booted.cache.on('bypass', ({ reason }) => reasons.push(reason));
    return { ...booted, untyped: booted.app.get(Untyped), reasons };
  };

  it('are cached from the second call on where they answer a promise', async () => {
    const { untyped, reasons } = await start();
    for (let round = 0; round < 3; round++) expect(await untyped.promised('a')).toBe('a');
    expect([untyped.runs, reasons]).toEqual([2, ['unknown-return']]);
    await expect(untyped.promised('')).rejects.toThrow(RangeError);
  });

  it('answer what they do, when it is not known yet', async () => {
    const { untyped } = await start();
    expect(isObservable(untyped.observed())).toBe(true);
  });

  it('do not store the result of a call that changed its arguments before it was known', async () => {
    const { untyped } = await start();
    expect(await untyped.build({ taskId: 'a', turn: 1 })).toEqual({ messages: ['turn 1'] });
    expect(await untyped.build({ taskId: 'a', turn: 2 })).toEqual({ messages: ['turn 2'] });
    expect(await untyped.build({ taskId: 'a', turn: 1 })).toEqual({ messages: ['turn 1'] });
  });

  it('are left alone where they answer at once, with one word about it', async () => {
    const { untyped, warnings } = await start();
    const answers: unknown[] = [untyped.sync('a'), untyped.sync('a')];
    expect(answers).toEqual(['a', 'a']);
    expect(untyped.runs).toBe(2);
    expect(warnings.filter((message) => message.includes('Untyped.sync is not cached'))).toHaveLength(1);
  });

  it('are left alone where they answer a Subject, which is more than what it emits', async () => {
    const { untyped } = await start();
    expect(untyped.live()).toBe(untyped.subject);
    expect(untyped.live()).toBe(untyped.subject);
  });

  it('are left alone where they answer a promise that is more than one', async () => {
    const { untyped } = await start();
    for (let round = 0; round < 2; round++) {
      expect(untyped.cancelable('a').cancel()).toBe('cancelled');
      expect(untyped.ofLibrary('a').cancel()).toBe('cancelled');
    }
  });

  it('invalidate all the same where they answer a promise that is more than one', async () => {
    const { untyped, cache } = await start();
    const invalidated: string[] = [];
    cache.on('invalidate', ({ target }) => invalidated.push(target));
    for (let round = 1; round <= 2; round++) {
      const answer = untyped.append({ taskId: 'a' });
      expect(answer.cancel()).toBe('cancelled');
      await answer;
      for (let step = 0; step < 100 && invalidated.length < 2 * round; step++) await turn();
      expect(invalidated).toHaveLength(2 * round);
    }
  });
});

describe('39. methods of classes that nobody may touch', () => {
  it('are asked nothing, and their hooks neither, before what they answer is known', async () => {
    const log: string[] = [];
    class Executor {
      execute({ tool }: { tool: string }) {
        log.push(tool);
        return Promise.resolve('done');
      }
    }
    const policy = CacheReadOnlyTool.policy({
      authorize: () => {
        log.push('authorize');
        throw new Error('forbidden');
      },
    });
    const { app } = await boot(
      { providers: [Executor] },
      { tools: { read: { permissionTier: 'READ_ONLY' } }, bindings: [bindCache(Executor, { execute: policy })] },
    );
    expect(await app.get(Executor).execute({ tool: 'read' })).toBe('done');
    await expect(app.get(Executor).execute({ tool: 'read' })).rejects.toThrow('forbidden');
    expect(log).toEqual(['read', 'authorize']);
  });

  it('invalidate what was loaded while they ran, before their promise tells that they are done, from the first on', async () => {
    const done: string[] = [];
    let answer: (text: string) => void = () => undefined;
    class Messages {
      append(_message: { taskId: string }): Promise<string> {
        return new Promise<string>((resolve) => (answer = resolve)).then((text) => {
          done.push(text);
          return text;
        });
      }
    }
    @Injectable()
    class Builder {
      @CacheContext()
      async build(_request: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
        return { messages: ['system', ...done] };
      }
    }
    const bindings = [bindCache(Messages, { append: InvalidatesContext.policy() })];
    const { app, cache } = await boot({ providers: [Messages, Builder] }, { bindings });
    let invalidations = 0;
    cache.on('invalidate', () => invalidations++);
    const appended = app.get(Messages).append({ taskId: 'a' });
    for (let round = 0; round < 20; round++) await turn();
    await app.get(Builder).build({ taskId: 'a', turn: 1 });
    answer('hello');
    expect(await appended).toBe('hello');
    expect(invalidations).toBe(2);
    expect((await app.get(Builder).build({ taskId: 'a', turn: 1 })).messages).toEqual(['system', 'hello']);
  });

  it('do not run what is like a promise: a query runs each time that one asks it', async () => {
    let runs = 0;
    class Query {
      then(resolve: (rows: number) => void): void {
        resolve(++runs);
      }
    }
    class Messages {
      append(_message: { taskId: string }): Query {
        return new Query();
      }
    }
    const bindings = [bindCache(Messages, { append: InvalidatesContext.policy() } as never)];
    const { app } = await boot({ providers: [Messages] }, { bindings });
    expect(await app.get(Messages).append({ taskId: 'a' })).toBe(1);
    for (let round = 0; round < 20; round++) await turn();
    expect(runs).toBe(1);
  });

  it.each<[string, (text: string) => Promise<void>]>([
    ['a promise', () => Promise.resolve()],
    // A repository that leaves nothing to wait for.
    ['nothing', () => undefined as never],
  ])('invalidate whatever they answer, also after a call that answered %s', async (_name, answer) => {
    let messages = ['old'];
    class Messages {
      append({ text }: { taskId: string; text: string }): Promise<void> {
        messages = [...messages, text];
        return answer(text);
      }
    }
    @Injectable()
    class Builder {
      @CacheContext()
      async build(_request: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
        return { messages };
      }
    }
    const bindings = [bindCache(Messages, { append: InvalidatesContext.policy() })];
    const { app } = await boot({ providers: [Messages, Builder] }, { bindings });
    for (const text of ['one', 'two', 'three']) {
      await app.get(Builder).build({ taskId: 'a', turn: 1 });
      await app.get(Messages).append({ taskId: 'a', text });
      expect((await app.get(Builder).build({ taskId: 'a', turn: 1 })).messages).toContain(text);
    }
  });
});
