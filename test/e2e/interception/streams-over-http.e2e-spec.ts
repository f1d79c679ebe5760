import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, Injectable, Query, Res } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ServerResponse } from 'node:http';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { CachePrompt } from '../../../src/nest/decorators/cache-prompt.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { CacheMetrics } from '../../../src/observability/cache-metrics.js';

@Injectable()
class Model {
  runs = 0;
  closed = 0;
  @CachePrompt({ temperature: 0, stream: 'replay' })
  async *answer(_prompt: string): AsyncGenerator<string> {
    this.runs++;
    try {
      for (const word of ['one ', 'two ', 'three']) {
        yield word;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      this.closed++;
    }
  }
  @Cacheable()
  async badge(_who: { badge: string }): Promise<number> {
    return ++this.runs;
  }
  @Cacheable()
  async word(_of: { token: string }): Promise<number> {
    return ++this.runs;
  }
}

@Controller()
class Chat {
  constructor(private readonly model: Model) {}

  @Get('chat')
  async chat(@Query('prompt') prompt: string, @Res() response: ServerResponse): Promise<void> {
    response.setHeader('content-type', 'text/event-stream');
    for await (const word of this.model.answer(prompt)) {
      if (response.destroyed) break;
      response.write(`data: ${word}\n\n`);
    }
    response.end();
  }
}

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
});

async function start(): Promise<{ url: string; model: Model; metrics: CacheMetrics }> {
  const cache = CacheModule.forRoot({
    prefix: 'test',
    secrets: { fields: ['badge'], allowFields: ['token'] },
  });
  const module = await Test.createTestingModule({
    imports: [cache],
    controllers: [Chat],
    providers: [Model],
  }).compile();
  app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), model: app.get(Model), metrics: app.get(CacheMetrics) };
}

describe('44. a stream that a route hands on', () => {
  it('arrives as it comes, is replayed to the next one, and is not stored when its reader goes away', async () => {
    const { url, model, metrics } = await start();
    const leaving = new AbortController();
    const left = await fetch(`${url}/chat?prompt=a`, { signal: leaving.signal });
    const { value } = (await left.body?.getReader().read()) as { value: Uint8Array };
    expect(Buffer.from(value).toString()).toContain('data: one');
    expect(Buffer.from(value).toString()).not.toContain('three');
    leaving.abort();
    while (model.closed === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const expected = 'data: one \n\ndata: two \n\ndata: three\n\n';
    for (let round = 0; round < 2; round++) {
      expect(await (await fetch(`${url}/chat?prompt=a`)).text()).toBe(expected);
    }
    expect(model.runs).toBe(2);
    expect(metrics.summary()).toMatchObject({
      hits: 1,
      refusedReasons: { 'the stream was left before its end': 1 },
    });
  });

  it('knows what the module names as a credential, and what it lets go', async () => {
    const { model, metrics } = await start();
    expect([await model.badge({ badge: 'x' }), await model.badge({ badge: 'x' })]).toEqual([1, 2]);
    expect([await model.word({ token: 'x' }), await model.word({ token: 'x' })]).toEqual([3, 3]);
    expect(metrics.summary().bypassReasons).toEqual({ 'credential-in-parameters': 2 });
  });
});
