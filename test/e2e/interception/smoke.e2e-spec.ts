import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { AgentCache } from '../../../src/core/cache.js';

describe('smoke', () => {
  it('works', async () => {
    @Injectable()
    class S {
      n = 0;
      @Cacheable({ ttl: '1m' })
      async m(x: number) {
        this.n++;
        return { x };
      }
    }
    const app = await (
      await Test.createTestingModule({ imports: [CacheModule.forRoot()], providers: [S] }).compile()
    ).init();
    const s = app.get(S);
    const cache = app.get(AgentCache);
    const a = await s.m(1);
    const b = await s.m(1);
    expect(cache.outcomeOf(a)).toMatchObject({ status: 'miss' });
    expect(cache.outcomeOf(b)).toMatchObject({ status: 'hit' });
    console.log(cache.outcomeOf(b));
    expect(s.n).toBe(1);
    await app.close();
    await s.m(1);
    expect(s.n).toBe(2);
  });
});
