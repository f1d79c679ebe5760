import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  concat,
  defer,
  finalize,
  firstValueFrom,
  from,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  Subject,
  throwError,
  toArray,
} from 'rxjs';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { InvalidatesContext } from '../../../src/nest/decorators/invalidates-context.decorator.js';
import { boot, closeAll } from './boot.js';

afterEach(closeAll);

describe('38. Observables', () => {
  @Injectable()
  class Streams {
    runs = 0;
    isFailing = false;
    @Cacheable()
    numbers(count: number): Observable<{ n: number }> {
      return defer(() => {
        this.runs++;
        return of(...Array.from({ length: count }, (_value, n) => ({ n })));
      });
    }
    @Cacheable()
    failing(): Observable<number> {
      this.runs++;
      return concat(
        of(1, 2),
        throwError(() => new RangeError('source')),
      );
    }
    @Cacheable()
    inferred(count: number) {
      this.runs++;
      return of(count, count);
    }
    @CacheContext()
    build(request: { taskId: string; turn: number; user?: string }): Observable<{ messages: string[]; user?: string }> {
      this.runs++;
      return of({ ...request, messages: ['m'] });
    }
  }

  it('are collected and emitted again to each subscriber', async () => {
    const { app, cache } = await boot({ providers: [Streams] });
    const streams = app.get(Streams);
    const numbers = streams.numbers(3);
    expect(streams.runs).toBe(0);
    const first = await firstValueFrom(numbers.pipe(toArray()));
    const second = await firstValueFrom(numbers.pipe(toArray()));
    const third = await firstValueFrom(streams.numbers(3).pipe(toArray()));
    expect([first, second, third]).toEqual(Array(3).fill([{ n: 0 }, { n: 1 }, { n: 2 }]));
    expect(streams.runs).toBe(1);
    expect([cache.outcomeOf(first[0])?.status, cache.outcomeOf(third[2])?.status]).toEqual(['miss', 'hit']);
    expect(await firstValueFrom(streams.numbers(0).pipe(toArray()))).toEqual([]);
    expect(await firstValueFrom(streams.numbers(0).pipe(toArray()))).toEqual([]);
    expect(streams.runs).toBe(2);
  });

  it('emit what came before an error, and then the error, and are not stored', async () => {
    const { app } = await boot({ providers: [Streams] });
    for (let round = 0; round < 2; round++) {
      const seen: unknown[] = [];
      await lastValueFrom(app.get(Streams).failing()).catch((error: unknown) => seen.push(error));
      expect(seen[0]).toBeInstanceOf(RangeError);
      const emitted: number[] = [];
      await new Promise<void>((resolve) =>
        app
          .get(Streams)
          .failing()
          .subscribe({ next: (value) => emitted.push(value), error: () => resolve() }),
      );
      expect(emitted).toEqual([1, 2]);
    }
    expect(app.get(Streams).runs).toBe(4);
  });

  it('stay Observables where the compiler does not say so', async () => {
    const { app } = await boot({ providers: [Streams] });
    for (let round = 0; round < 3; round++) {
      const answer = app.get(Streams).inferred(7);
      expect(answer).toBeInstanceOf(Observable);
      expect(await firstValueFrom(answer.pipe(toArray()))).toEqual([7, 7]);
    }
    // The first call showed what the method answers with.
    expect(app.get(Streams).runs).toBe(2);
  });

  it('take the fields of a request from the present one', async () => {
    const { app } = await boot({ providers: [Streams] });
    await firstValueFrom(app.get(Streams).build({ taskId: 'a', turn: 1, user: 'alice' }));
    expect(await firstValueFrom(app.get(Streams).build({ taskId: 'a', turn: 1, user: 'bob' }))).toMatchObject({
      user: 'bob',
    });
    expect(app.get(Streams).runs).toBe(1);
  });
});

describe('38. an Observable of a call that may be cached', () => {
  @Injectable()
  class Source {
    runs = 0;
    left = 0;
    values = new Subject<number>();
    readonly who = new AsyncLocalStorage<string>();
    @Cacheable({ vary: () => undefined })
    user(_key: string): Observable<string | undefined> {
      return of(this.who.getStore());
    }
    @Cacheable()
    live(_key: string): Observable<number> {
      this.runs++;
      return this.values.pipe(finalize(() => this.left++));
    }
    @Cacheable({ temperature: 1 })
    uncached(_key: string): Observable<number> {
      return this.values.pipe(finalize(() => this.left++));
    }
  }

  it('runs in the asynchronous context of its call, whoever subscribes', async () => {
    const { app } = await boot({ providers: [Source] });
    const source = app.get(Source);
    const user = source.who.run('alice', () => source.user('a'));
    expect(await source.who.run('bob', () => firstValueFrom(user))).toBe('alice');
  });

  it('ends its source when its subscriber leaves while it is loaded', async () => {
    const { app } = await boot({ providers: [Source] });
    const source = app.get(Source);
    const subscription = source.live('a').subscribe();
    await until(() => source.runs === 1);
    subscription.unsubscribe();
    expect([source.left, source.values.observed]).toEqual([1, false]);
  });

  it('does not begin a source for a subscriber that has left', async () => {
    const { app } = await boot({ providers: [Source] });
    const source = app.get(Source);
    source.live('a').subscribe().unsubscribe();
    for (let round = 0; round < 20; round++) await turn();
    expect(source.runs).toBe(0);
  });

  it('is loaded again for who waits, when the subscriber that it was loaded for leaves', async () => {
    const { app } = await boot({ providers: [Source] });
    const source = app.get(Source);
    const first = source.live('a').subscribe();
    await until(() => source.runs === 1);
    const other = lastValueFrom(source.live('a').pipe(toArray()));
    for (let round = 0; round < 20; round++) await turn();
    expect(source.runs).toBe(1);
    first.unsubscribe();
    await until(() => source.runs === 2);
    source.values.next(1);
    source.values.complete();
    expect(await other).toEqual([1]);
  });

  it.each(['uncached', 'live'] as const)(
    'hands on what it emits as it comes where it is past the cache: %s',
    async (name) => {
      const { app, cache } = await boot({ providers: [Source] });
      Object.defineProperty(cache, 'getOrLoad', { value: () => Promise.reject(new Error('a fault of the cache')) });
      const source = app.get(Source);
      const seen: number[] = [];
      const subscription = source[name]('a').subscribe((value) => seen.push(value));
      await until(() => source.values.observed);
      source.values.next(1);
      source.values.next(2);
      expect(seen).toEqual([1, 2]);
      subscription.unsubscribe();
      expect(source.left).toBe(1);
    },
  );
});

describe('38. an Observable of a call that changes what is cached', () => {
  const TOOLS = { write: { permissionTier: 'WRITE' }, read: { permissionTier: 'READ_ONLY' } } as const;
  @Injectable()
  class Changing {
    readonly log: string[] = [];
    value = 0;
    isFailing = false;
    readonly gate = new Subject<string>();
    @InvalidatesContext()
    append({ text }: { taskId: string; text: string }): Observable<string> {
      this.log.push(text);
      return of('appended');
    }
    @InvalidatesContext()
    appendInferred({ text }: { taskId: string; text: string }) {
      this.log.push(text);
      return of('appended');
    }
    @InvalidatesContext()
    appendSlowly(_message: { taskId: string }): Observable<string> {
      return this.gate.asObservable();
    }
    @CacheEvict({ namespace: 'values', all: true })
    changeSlowly(): Observable<string> {
      return this.gate.asObservable();
    }
    @CacheReadOnlyTool()
    operate({ tool }: { tool: string }): Observable<unknown> {
      return tool === 'write' ? this.gate.asObservable() : of(this.value);
    }
    @CacheReadOnlyTool()
    execute({ tool }: { tool: string }): Observable<string> {
      return from(this.run(tool));
    }
    @CacheReadOnlyTool()
    report(_call: { tool: string }): Observable<string> {
      return concat(of('progress'), NEVER);
    }
    @CacheEvict({ namespace: 'values', all: true })
    change(): Observable<number> {
      return defer(() => {
        if (this.isFailing) return throwError(() => new RangeError('refused'));
        return of(++this.value);
      });
    }
    @InvalidatesContext()
    refuse(_message: { taskId: string }): Observable<string> {
      throw new RangeError('refused');
    }
    @Cacheable({ namespace: 'values', key: () => 'one' })
    async read(): Promise<number> {
      return this.value;
    }
    @CacheContext()
    async build(_request: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
      return { messages: ['system', ...this.log] };
    }
    private async run(tool: string): Promise<string> {
      this.log.push(tool);
      return 'done';
    }
  }
  const CONTEXT = { taskId: 't', turn: 1 };

  const start = async (): Promise<{ changing: Changing; invalidated: string[] }> => {
    const { app, cache } = await boot({ providers: [Changing] }, { tools: TOOLS });
    const invalidated: string[] = [];
    cache.on('invalidate', ({ target }) => invalidated.push(target));
    return { changing: app.get(Changing), invalidated };
  };

  it.each(['append', 'appendInferred'] as const)(
    '%s runs when it is called, whether or not anyone subscribes',
    async (append) => {
      const { changing, invalidated } = await start();
      await changing.build(CONTEXT);
      changing[append]({ taskId: 't', text: 'hello' });
      expect(changing.log).toEqual(['hello']);
      expect((await changing.build(CONTEXT)).messages).toEqual(['system', 'hello']);
      await until(() => invalidated.length === 2);
      expect(await lastValueFrom(changing[append]({ taskId: 't', text: 'again' }))).toBe('appended');
      expect(changing.log).toEqual(['hello', 'again']);
    },
  );

  it('runs once for two subscribers', async () => {
    const { changing } = await start();
    const answer = changing.execute({ tool: 'write' });
    expect([await firstValueFrom(answer), await firstValueFrom(answer)]).toEqual(['done', 'done']);
    expect(changing.log).toEqual(['write']);
  });

  it('emits as it comes, also from a source that never ends', async () => {
    const { changing } = await start();
    expect(await firstValueFrom(changing.report({ tool: 'write' }))).toBe('progress');
  });

  it('invalidates before its subscriber is told of the end', async () => {
    const { changing } = await start();
    const changed = changing.change();
    expect(await changing.read()).toBe(0);
    expect(await lastValueFrom(changed)).toBe(1);
    expect(await changing.read()).toBe(1);
  });

  it.each<[string, (changing: Changing) => Observable<unknown>, (changing: Changing) => Promise<unknown>]>([
    ['contexts', (on) => on.appendSlowly(CONTEXT), (on) => on.build(CONTEXT).then(({ messages }) => messages.length)],
    ['values', (on) => on.changeSlowly(), (on) => on.read()],
    ['tools', (on) => on.operate({ tool: 'write' }), (on) => firstValueFrom(on.operate({ tool: 'read' }))],
  ])(
    'invalidates what was loaded meanwhile, also for a subscriber that takes one value and leaves: %s',
    async (_of, change, read) => {
      const { changing } = await start();
      const first = firstValueFrom(change(changing));
      await until(() => changing.gate.observed);
      const before = await read(changing);
      expect(await read(changing)).toBe(before);
      changing.value++;
      changing.log.push('changed');
      changing.gate.next('changed');
      expect(await first).toBe('changed');
      expect(changing.gate.observed).toBe(false);
      expect(await read(changing)).toBe(Number(before) + 1);
    },
  );

  it('gives the error of the source, and evicts nothing then', async () => {
    const { changing, invalidated } = await start();
    changing.isFailing = true;
    const changed = changing.change();
    await until(() => invalidated.length === 1);
    await expect(lastValueFrom(changed)).rejects.toThrow('refused');
    expect(invalidated).toEqual(['namespace']);
  });

  it('throws at once what the method throws, and invalidates around it', async () => {
    const { changing, invalidated } = await start();
    expect(() => changing.refuse({ taskId: 't' })).toThrow(RangeError);
    await until(() => invalidated.length === 2);
  });
});

/** Waits, for a bounded number of turns of the event loop, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 1_000 && !isSo(); round++) await turn();
  expect(isSo()).toBe(true);
}
