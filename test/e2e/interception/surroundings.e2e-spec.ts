import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { AgentCache } from '../../../src/core/cache.js';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { boot, bootWithout, closeAll } from './boot.js';

@Injectable()
class Prices {
  runs = 0;
  @Cacheable()
  async of(id: string): Promise<{ id: string }> {
    this.runs++;
    return { id };
  }
}

afterEach(closeAll);

describe('apps, spies and modules side by side', () => {
  it('40. two apps in one process, each with its own cache', async () => {
    const one = await boot({ providers: [Prices] }, { prefix: 'one' });
    const other = await boot({ providers: [Prices] }, { prefix: 'other' });
    for (const { app, cache } of [one, other]) {
      await app.get(Prices).of('a');
      expect(cache.outcomeOf(await app.get(Prices).of('a'))?.status).toBe('hit');
      expect(app.get(Prices).runs).toBe(1);
    }
    await one.app.close();
    await one.app.get(Prices).of('a');
    await other.app.get(Prices).of('a');
    expect([one.app.get(Prices).runs, other.app.get(Prices).runs]).toEqual([2, 1]);
  });

  it('an instance that two running apps share is cached by neither', async () => {
    const shared = new Prices();
    const providers = [{ provide: Prices, useValue: shared }];
    const one = await boot({ providers }, { prefix: 'one' });
    await shared.of('a');
    await shared.of('a');
    expect(shared.runs).toBe(1);
    const other = await boot({ providers }, { prefix: 'other' });
    await shared.of('a');
    await shared.of('a');
    expect(shared.runs).toBe(3);
    expect(other.warnings.join()).toContain('an instance of Prices belongs to two running apps');
    await one.app.close();
  });

  it('an instance goes from a closed app to the next one', async () => {
    const shared = new Prices();
    const providers = [{ provide: Prices, useValue: shared }];
    await (await boot({ providers })).app.close();
    await boot({ providers });
    await shared.of('a');
    await shared.of('a');
    expect(shared.runs).toBe(1);
  });

  it('41. spies of one instance, and of the class', async () => {
    const { app } = await boot({ providers: [Prices] });
    const prices = app.get(Prices);
    const ofInstance = jest.spyOn(prices, 'of').mockResolvedValue({ id: 'mocked' });
    expect(await prices.of('a')).toEqual({ id: 'mocked' });
    ofInstance.mockRestore();
    const watching = jest.spyOn(prices, 'of');
    await prices.of('a');
    await prices.of('a');
    expect([watching.mock.calls.length, prices.runs]).toEqual([2, 1]);
    watching.mockRestore();
    const ofClass = jest.spyOn(Prices.prototype, 'of').mockResolvedValue({ id: 'mocked class' });
    expect(await prices.of('a')).toEqual({ id: 'mocked class' });
    ofClass.mockRestore();
    expect(await prices.of('a')).toEqual({ id: 'a' });
    expect(prices.runs).toBe(1);
  });

  it('a module that is not global keeps its services to those who import it', async () => {
    @Injectable()
    class Curious {
      constructor(readonly cache: AgentCache) {}
    }
    const here = { imports: [CacheModule.forRoot({ isGlobal: false })], providers: [Curious] };
    const { app } = await bootWithout(here);
    expect(app.get(Curious).cache.isOpen).toBe(true);
    class Elsewhere {}
    await expect(
      bootWithout({ imports: [CacheModule.forRoot({ isGlobal: false }), { module: Elsewhere, providers: [Curious] }] }),
    ).rejects.toThrow('Curious');
  });

  it('a module that is imported twice serves with its first configuration, and says so', async () => {
    const { app, warnings } = await bootWithout({
      imports: [CacheModule.forRoot({ prefix: 'one' }), CacheModule.forRoot({ prefix: 'two' })],
      providers: [Prices],
    });
    await app.get(Prices).of('a');
    await app.get(Prices).of('a');
    expect(app.get(Prices).runs).toBe(1);
    expect(warnings.filter((message) => message.includes('imported more than once'))).toHaveLength(1);
  });

  it('options made by a class, and by a provider that is there already', async () => {
    @Injectable()
    class Factory {
      createCacheOptions(): { enabled: boolean } {
        return { enabled: false };
      }
    }
    class Holder {}
    const imports = [{ module: Holder, providers: [Factory], exports: [Factory] }];
    for (const options of [{ useClass: Factory }, { imports, useExisting: Factory }]) {
      const { app } = await bootWithout({ imports: [CacheModule.forRootAsync(options)] });
      expect(app.get(AgentCache).isOpen).toBe(false);
    }
  });
});
