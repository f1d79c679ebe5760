import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { CacheScope } from '../../composition/cache-scope.js';
import { AgentCache } from '../../core/cache.js';
import { CacheClient } from '../../core/cache-client.js';
import { CacheEventBus } from '../../core/events.js';
import { CacheMetrics } from '../../observability/cache-metrics.js';

interface Token<T> {
  readonly name: string;
  readonly prototype: T;
}

/**
 * Finds the parts of the cache wherever in the app `CacheModule` was imported, also where it is not global. Each is
 * `undefined` in an app without it.
 */
@Injectable()
export class MountedCache {
  constructor(private readonly moduleRef: ModuleRef) {}

  get cache(): AgentCache | undefined {
    return this.find(AgentCache);
  }

  get client(): CacheClient | undefined {
    return this.find(CacheClient);
  }

  get metrics(): CacheMetrics | undefined {
    return this.find(CacheMetrics);
  }

  get scope(): CacheScope | undefined {
    return this.find(CacheScope);
  }

  get events(): CacheEventBus | undefined {
    return this.find(CacheEventBus);
  }

  private find<T>(token: Token<T>): T | undefined {
    try {
      return this.moduleRef.get<T>(token as never, { strict: false });
    } catch {
      return undefined;
    }
  }
}
