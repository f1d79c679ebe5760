import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import type { BypassReason } from '../../../src/core/events.js';
import { AgentCache } from '../../../src/core/cache.js';
import { Recording } from '../../../src/nest/interception/streams/recording.js';
import { boot, closeAll } from './boot.js';

afterEach(closeAll);

type Chunk = { n: number };

const all = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};

/** What was counted as not stored, in order. */
function reasonsOf(cache: AgentCache): { bypassed: BypassReason[]; refused: string[] } {
  const reasons: { bypassed: BypassReason[]; refused: string[] } = { bypassed: [], refused: [] };
  cache.on('bypass', ({ reason }) => reasons.bypassed.push(reason));
  cache.on('refused', ({ reason }) => reasons.refused.push(reason));
  return reasons;
}

describe('40. a stream is handed on as it is', () => {
  @Injectable()
  class Streams {
    runs = 0;
    last: unknown = null;
    @Cacheable()
    async *generated(count: number): AsyncGenerator<number> {
      this.runs++;
      for (let n = 0; n < count; n++) yield n;
    }
    @Cacheable()
    readable(_id: string): Readable {
      return (this.last = Readable.from(['a', 'b']));
    }
    @Cacheable()
    web(_id: string): ReadableStream<string> {
      return (this.last = Readable.toWeb(Readable.from(['a', 'b']))) as ReadableStream<string>;
    }
    @Cacheable()
    iterable(_id: string): AsyncIterable<number> {
      this.runs++;
      return (this.last = { [Symbol.asyncIterator]: () => this.generated(2) }) as AsyncIterable<number>;
    }
    @Cacheable({ annotate: 'cache_hit' })
    async promised(_id: string): Promise<AsyncIterable<number>> {
      this.runs++;
      return (this.last = { [Symbol.asyncIterator]: () => this.generated(2) }) as AsyncIterable<number>;
    }
  }

  it('the very object, at once, not begun, and counted', async () => {
    const { app, cache } = await boot({ providers: [Streams] });
    const streams = app.get(Streams);
    const reasons = reasonsOf(cache);
    const generated = streams.generated(2);
    await turn();
    expect(streams.runs).toBe(0);
    expect(await all(generated)).toEqual([0, 1]);
    expect(await all(streams.generated(2))).toEqual([0, 1]);
    expect(streams.runs).toBe(2);
    for (let round = 0; round < 2; round++) {
      for (const method of ['readable', 'web', 'iterable'] as const) {
        expect(streams[method]('a')).toBe(streams.last);
      }
    }
    expect(reasons).toEqual({ bypassed: Array(8).fill('stream'), refused: [] });
  });

  it('through a Promise as well, for callers at the same time too', async () => {
    const { app, cache } = await boot({ providers: [Streams] });
    const streams = app.get(Streams);
    const reasons = reasonsOf(cache);
    expect(await streams.promised('a')).toBe(streams.last);
    const [one, two] = await Promise.all([streams.promised('a'), streams.promised('a')]);
    expect(one).not.toBe(two);
    expect(streams.runs).toBe(3);
    expect(reasons.bypassed).toEqual(Array(3).fill('stream'));
    expect([await all(one), await all(two)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(cache.outcomeOf(one)?.status).toBe('bypass');
  });
});

describe('41. a stream that is replayed', () => {
  @Injectable()
  class Models {
    runs = 0;
    closed = 0;
    asked = 0;
    gate: Promise<void> = Promise.resolve();
    @Cacheable({ stream: 'replay' })
    async *generated(count: number, fails = false): AsyncGenerator<Chunk> {
      this.runs++;
      try {
        for (let n = 0; n < count; n++) {
          this.asked++;
          yield { n };
        }
        if (fails) throw new RangeError('source');
        await this.gate;
      } finally {
        this.closed++;
      }
    }
    @Cacheable({ stream: 'replay' })
    async promised(count: number): Promise<AsyncIterable<Chunk>> {
      this.runs++;
      return Readable.from(Array.from({ length: count }, (_item, n) => ({ n })));
    }
    @Cacheable({ stream: 'replay' })
    async *texts(...pieces: string[]): AsyncGenerator<string, string | undefined> {
      this.runs++;
      yield* pieces;
      return pieces[0] === 'answering' ? 'at the end' : undefined;
    }
    @Cacheable({ stream: 'replay' })
    declared(count: number): AsyncIterable<Chunk> {
      return this.generated(count);
    }
  }

  it('is stored when it was read to its end, and a hit gives private copies of its chunks in order', async () => {
    const { app, cache } = await boot({ providers: [Models] });
    const models = app.get(Models);
    const first = await all(models.generated(3));
    first.forEach((chunk) => (chunk.n = 99));
    const second = await all(models.generated(3));
    second.forEach((chunk) => (chunk.n = 98));
    const third = await all(models.generated(3));
    expect(third).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect(models.runs).toBe(1);
    expect(cache.outcomeOf(third[2])?.status).toBe('hit');
    expect(await all(await models.promised(2))).toEqual(await all(await models.promised(2)));
    expect(models.runs).toBe(2);
  });

  it('keeps what the reader changes in a chunk out of what is stored', async () => {
    const { app } = await boot({ providers: [Models] });
    for await (const chunk of app.get(Models).generated(2)) chunk.n = 77;
    expect(await all(app.get(Models).generated(2))).toEqual([{ n: 0 }, { n: 1 }]);
  });

  it('comes chunk by chunk, and no sooner than it is read', async () => {
    const { app } = await boot({ providers: [Models] });
    const models = app.get(Models);
    const stream = models.generated(3);
    await turn();
    expect(models.runs).toBe(0);
    expect(await stream.next()).toEqual({ done: false, value: { n: 0 } });
    await turn();
    expect(models.asked).toBe(1);
    await stream.next();
    expect(models.asked).toBe(2);
    await stream.return(undefined);
  });

  it.each<[string, (models: Models) => Promise<unknown>, string]>([
    [
      'left before its end',
      async (models) => {
        for await (const chunk of models.generated(3)) if (chunk.n === 1) break;
      },
      'the stream was left before its end',
    ],
    ['that failed', (models) => all(models.generated(3, true)).catch(() => undefined), 'the stream failed'],
    ['over the size', (models) => all(models.texts('x'.repeat(3_000), 'y')), 'larger than maxValueBytes'],
    [
      'that answers a value at its end',
      (models) => all(models.texts('answering')),
      'the stream answered a value at its end',
    ],
    [
      'with a credential that it cuts in two',
      (models) => all(models.texts('a ghp_aB3dE5gH7jaB3d', 'E5gH7jaB3dE5gH7jaB3dE5 b')),
      'credential in the result',
    ],
  ])('is not stored: one %s', async (_name, read, reason) => {
    const { app, cache } = await boot({ providers: [Models] }, { maxValueBytes: 2_000 });
    const models = app.get(Models);
    const reasons = reasonsOf(cache);
    const first = await read(models);
    expect(await read(models)).toEqual(first);
    expect(models.runs).toBe(2);
    await turn();
    expect(reasons.refused).toEqual([reason, reason]);
  });

  it('is no stream at all where the method answers none, which is handed on and not stored', async () => {
    @Injectable()
    class Liar {
      runs = 0;
      @Cacheable({ stream: 'replay' })
      promised(): Promise<AsyncIterable<Chunk>> {
        return Promise.resolve([++this.runs] as never);
      }
    }
    const { app, cache } = await boot({ providers: [Liar] });
    const reasons = reasonsOf(cache);
    expect([await app.get(Liar).promised(), await app.get(Liar).promised()]).toEqual([[1], [2]]);
    await turn();
    expect(reasons.refused).toEqual(['the method answered no stream', 'the method answered no stream']);
  });

  it('would be stored when left, were that not refused', async () => {
    const recording = Recording.prototype as unknown as Record<string, () => void>;
    const giveUp = recording.giveUp as () => void;
    recording.giveUp = recording.complete as () => void;
    try {
      const { app } = await boot({ providers: [Models] });
      const models = app.get(Models);
      for await (const chunk of models.generated(3)) if (chunk.n === 1) break;
      await turn();
      expect(await all(models.generated(3))).toEqual([{ n: 0 }, { n: 1 }]);
    } finally {
      recording.giveUp = giveUp;
    }
  });

  it('ends the source when it is left, and hands on what the source throws', async () => {
    const { app } = await boot({ providers: [Models] });
    const models = app.get(Models);
    for await (const chunk of models.generated(3)) if (chunk.n === 1) break;
    expect(models.closed).toBe(1);
    const seen: unknown[] = [];
    await (async () => {
      for await (const chunk of models.generated(1, true)) seen.push(chunk);
    })().catch((error: unknown) => seen.push(error));
    expect(seen).toEqual([{ n: 0 }, new RangeError('source')]);
  });

  it('lets nobody wait for the reader of another one', async () => {
    const { app } = await boot({ providers: [Models] });
    const models = app.get(Models);
    const slow = models.generated(2);
    await slow.next();
    expect(await all(models.generated(2))).toEqual([{ n: 0 }, { n: 1 }]);
    expect(models.runs).toBe(2);
    expect(await all(models.generated(2))).toEqual([{ n: 0 }, { n: 1 }]);
    expect(models.runs).toBe(2);
    expect(await all(slow)).toEqual([{ n: 1 }]);
  });

  it('is not stored when it was invalidated while it was read', async () => {
    const { app, cache } = await boot({ providers: [Models] });
    const models = app.get(Models);
    const reading = models.generated(2);
    await reading.next();
    await cache.invalidate({ namespace: 'RootTestModule.Models.generated' });
    await all(reading);
    await all(models.generated(2));
    expect(models.runs).toBe(2);
  });

  it('is read to its end for nobody where a hit loads it anew in the background', async () => {
    @Injectable()
    class Clock {
      runs = 0;
      @Cacheable({ stream: 'replay', ttl: '10s', eagerRefreshRatio: 0.001 })
      async *ticks(): AsyncGenerator<number> {
        this.runs++;
        yield this.runs;
        yield this.runs;
      }
    }
    const { app, cache } = await boot({ providers: [Clock] });
    const clock = app.get(Clock);
    expect(await all(clock.ticks())).toEqual([1, 1]);
    const until = Date.now() + 30;
    while (Date.now() < until) await turn();
    const stored = new Promise((resolve) => cache.on('set', resolve));
    expect(await all(clock.ticks())).toEqual([1, 1]);
    await stored;
    expect(clock.runs).toBe(2);
    expect(await all(clock.ticks())).toEqual([2, 2]);
  });

  it('is known from its second call on where the compiler has no class for it', async () => {
    const { app } = await boot({ providers: [Models] });
    const models = app.get(Models);
    for (let round = 0; round < 3; round++) expect(await all(models.declared(1))).toEqual([{ n: 0 }]);
    expect(models.runs).toBe(1);
  });

  it('is refused on a method that is declared to answer more than its chunks', () => {
    const define = (): unknown => {
      class Files {
        @Cacheable({ stream: 'replay' })
        read(): Readable {
          return Readable.from([]);
        }
      }
      return Files;
    };
    expect(define).toThrow('declare AsyncIterable');
    expect(() => Cacheable.policy({ stream: 'replay', annotate: 'cache_hit' })).toThrow('exclude one another');
  });
});

describe('42. a stream of what changes something', () => {
  @Injectable()
  class Tools {
    state = 0;
    reads = 0;
    last: unknown = null;
    @CacheReadOnlyTool()
    async read(_call: { tool: string }): Promise<{ state: number }> {
      this.reads++;
      return { state: this.state };
    }
    @CacheReadOnlyTool({ stream: 'replay' })
    async *write(_call: { tool: string }): AsyncGenerator<number> {
      yield 1;
      this.state++;
      yield 2;
    }
    @CacheReadOnlyTool()
    async later(call: { tool: string }): Promise<AsyncIterable<number>> {
      return (this.last = this.plain(call)) as AsyncIterable<number>;
    }
    @CacheReadOnlyTool()
    readable(_call: { tool: string }): Readable {
      const source = async function* (this: Tools): AsyncGenerator<string> {
        yield 'a';
        this.state++;
        yield 'b';
      };
      return (this.last = Readable.from(source.call(this)));
    }
    @CacheEvict({ tags: ['never'] })
    async *evicting(): AsyncGenerator<number> {
      yield 1;
    }
    private async *plain(_call: unknown): AsyncGenerator<number> {
      yield 1;
      this.state++;
      yield 2;
    }
  }
  const tools = { look: { permissionTier: 'READ_ONLY' }, write: { permissionTier: 'WRITE' } } as const;

  it.each(['write', 'later', 'readable'] as const)('makes unusable what was read during it: %s', async (method) => {
    const { app } = await boot({ providers: [Tools] }, { tools });
    const service = app.get(Tools);
    const look = (): Promise<{ state: number }> => service.read({ tool: 'look' });
    const stream = (await service[method]({ tool: 'write' })) as AsyncIterable<unknown>;
    if (method !== 'write') expect(stream).toBe(service.last);
    for await (const _chunk of stream) await look();
    await turn();
    await turn();
    expect(await look()).toEqual({ state: 1 });
  });

  it('also where it is left', async () => {
    const { app } = await boot({ providers: [Tools] }, { tools });
    const service = app.get(Tools);
    for await (const chunk of service.write({ tool: 'write' })) {
      await service.read({ tool: 'look' });
      service.state = 5;
      if (chunk === 1) break;
    }
    expect(await service.read({ tool: 'look' })).toEqual({ state: 5 });
  });
});
