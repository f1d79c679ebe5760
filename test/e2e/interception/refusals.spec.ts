import { describe, expect, it } from '@jest/globals';
import { of, type Observable } from 'rxjs';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheEmbeddings } from '../../../src/nest/decorators/cache-embeddings.decorator.js';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CachePrompt } from '../../../src/nest/decorators/cache-prompt.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { InvalidatesContext } from '../../../src/nest/decorators/invalidates-context.decorator.js';

const WAY_OUT = 'make it async, or take the decorator off';
const refusal = (define: () => unknown): string => {
  try {
    define();
  } catch (error) {
    if (error instanceof TypeError) return error.message;
  }
  throw new Error('it was not refused');
};

describe('a decorator is refused when the class is defined, and does not compile', () => {
  it('on a getter', () => {
    const define = (): unknown => {
      class Prices {
        // @ts-expect-error a getter
        @Cacheable() get value(): number {
          return 1;
        }
      }
      return Prices;
    };
    expect(refusal(define)).toBe(
      `Prices.value is not a method: only a method that answers a Promise or an Observable can be cached: ${WAY_OUT}`,
    );
  });

  it('on a method that answers at once', () => {
    const define = (): unknown => {
      class Prices {
        // @ts-expect-error a method that answers at once
        @CacheContext() value(): string {
          return '';
        }
      }
      return Prices;
    };
    expect(refusal(define)).toContain('Prices.value answers a String at once');
    class Price {}
    const other = (): unknown => {
      class Prices {
        // @ts-expect-error a method that answers at once
        @CachePrompt() value(): Price {
          return new Price();
        }
      }
      return Prices;
    };
    expect(refusal(other)).toContain('Prices.value answers a Price at once');
  });

  it('on a generator', () => {
    const define = (): unknown => {
      class Prices {
        // @ts-expect-error a generator
        @CacheReadOnlyTool() *value(): Generator<number> {
          yield 1;
        }
      }
      return Prices;
    };
    expect(refusal(define)).toContain('Prices.value is a generator');
  });

  it('on a static method', () => {
    const define = (): unknown => {
      class Prices {
        // @ts-expect-error a static method
        @Cacheable()
        static async value(): Promise<number> {
          return 1;
        }
      }
      return Prices;
    };
    expect(refusal(define)).toContain('Prices.value is static');
  });

  it('on a property', () => {
    const define = (): unknown => {
      class Prices {
        // @ts-expect-error a property
        @Cacheable() value = async (): Promise<number> => 1;
      }
      return Prices;
    };
    expect(refusal(define)).toContain('Prices.value is not a method');
  });

  it('without parentheses', () => {
    const onMethod = (): unknown => {
      class Prices {
        // @ts-expect-error no parentheses
        @InvalidatesContext
        async value(): Promise<number> {
          return 1;
        }
      }
      return Prices;
    };
    const onClass = (): unknown => {
      // @ts-expect-error no parentheses, and a class
      @Cacheable
      class Prices {}
      return Prices;
    };
    expect(refusal(onMethod)).toBe(
      '@InvalidatesContext was given a class in place of options: write @InvalidatesContext()',
    );
    expect(refusal(onClass)).toContain('write @Cacheable()');
  });

  it('on a class', () => {
    const define = (): unknown => {
      // @ts-expect-error a class
      @Cacheable()
      class Prices {}
      return Prices;
    };
    expect(refusal(define)).toBe(
      'the decorator stands on the class Prices: put it on the methods that are to be cached',
    );
  });

  it.each([
    [
      'an option that does not exist',
      'tll',
      (): unknown => {
        class Prices {
          // @ts-expect-error no such option
          @Cacheable({ tll: '1m' }) async value(): Promise<number> {
            return 1;
          }
        }
        return Prices;
      },
    ],
    [
      'a time to live without a unit',
      'ttl',
      (): unknown => {
        class Prices {
          // @ts-expect-error a bare number
          @Cacheable({ ttl: 60 }) async value(): Promise<number> {
            return 1;
          }
        }
        return Prices;
      },
    ],
    [
      'a wrong duration',
      'ttl',
      (): unknown => {
        class Prices {
          // @ts-expect-error no duration
          @CacheContext({ ttl: '5 minutes' }) async value(): Promise<number> {
            return 1;
          }
        }
        return Prices;
      },
    ],
    [
      'embeddings without a model',
      'model',
      (): unknown => {
        class Prices {
          // @ts-expect-error no model
          @CacheEmbeddings({}) async value(_texts: string[]): Promise<number[][]> {
            return [];
          }
        }
        return Prices;
      },
    ],
    [
      'an eviction of nothing',
      'evicts nothing',
      (): unknown => {
        class Prices {
          // @ts-expect-error nothing is named
          @CacheEvict({}) async value(): Promise<number> {
            return 1;
          }
        }
        return Prices;
      },
    ],
  ])('for %s', (_name, option, define) => {
    const message = refusal(define);
    expect(message).toMatch(/^Prices\.value: @Cache/);
    expect(message).toContain(option);
  });

  it('not for an eviction that names something, whose functions know the arguments (types)', () => {
    class Prices {
      @CacheEvict({ namespace: 'prices', key: (id: number) => id })
      async byKey(id: number): Promise<number> {
        return id;
      }
      @CacheEvict({ namespace: 'prices', all: true, before: true })
      async all(): Promise<number> {
        return 1;
      }
      @CacheEvict({ tags: (id) => [String(id)] })
      async byTag(id: string): Promise<string> {
        return id;
      }
      // @ts-expect-error the function takes a number, the method a text
      @CacheEvict({ context: (id: number) => id })
      async byContext(id: string): Promise<string> {
        return id;
      }
    }
    // @ts-expect-error a key is one of a namespace
    expect(() => CacheEvict.policy({ key: (id: number) => id })).toThrow("needs 'namespace'");
    // @ts-expect-error all of what
    expect(() => CacheEvict.policy({ all: true })).toThrow("needs 'namespace'");
    // @ts-expect-error nothing of it
    expect(() => CacheEvict.policy({ namespace: 'prices', all: false })).toThrow('evicts nothing');
    // @ts-expect-error no tags
    expect(() => CacheEvict.policy({ tags: undefined })).toThrow('evicts nothing');
    // @ts-expect-error a namespace alone says nothing
    expect(() => CacheEvict.policy({ namespace: 'prices' })).toThrow('evicts nothing');
    expect(Prices.name).toBe('Prices');
  });

  it('where functions among the options take other arguments than the method (types)', () => {
    class Prices {
      // @ts-expect-error the function takes a number, the method a text
      @Cacheable({ key: (id: number) => id })
      async wrong(id: string): Promise<string> {
        return id;
      }
      @Cacheable({ key: (id: string) => id, vary: () => 1, ttl: '5m', tags: (id) => [String(id)] })
      async right(id: string, _limit: number): Promise<string> {
        return id;
      }
      @CacheReadOnlyTool({
        authorize(this: Prices, call: { tool: string }) {
          return this.allows(call.tool);
        },
      })
      execute(_call: { tool: string; params: object }): Observable<number> {
        return of(1);
      }
      private allows(_tool: string): boolean {
        return true;
      }
    }
    class Other {
      // @ts-expect-error the function is one of another class
      @CacheReadOnlyTool({
        authorize(this: Prices) {
          return true;
        },
      })
      async execute(): Promise<number> {
        return 1;
      }
    }
    expect([Prices.name, Other.name]).toEqual(['Prices', 'Other']);
  });
});
