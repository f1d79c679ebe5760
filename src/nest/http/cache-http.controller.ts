import { Controller, Get, Header } from '@nestjs/common';
import type { CacheHealth } from '../../core/cache-client.js';
import { adviceFor } from '../../observability/advice.js';
import { CacheMetrics, type MetricsSummary } from '../../observability/cache-metrics.js';
import { MountedCache } from './mounted-cache.js';

/** All that was counted, with a line of advice while the hit rate is low. */
export interface MetricsReport extends MetricsSummary {
  /** What to look at; `null` while there is nothing to say. */
  readonly advice: string | null;
}

const WITHOUT_MODULE: CacheHealth = {
  enabled: false,
  connected: false,
  message: 'There is no cache in this app: CacheModule is not imported',
  mode: 'memory',
  hits: 0,
  misses: 0,
  latencyMs: null,
  breaker: 'closed',
  memory: { usedBytes: null, maxBytes: null, evictionPolicy: null },
  connections: { open: 0, inFlight: 0, shed: 0 },
};

/** Reports on the cache. Changes nothing and shows no key, value or address. */
@Controller('cache')
export class CacheHttpController {
  constructor(private readonly mounted: MountedCache) {}

  /** Always 200: an app whose cache is away still serves, so nobody should restart it. `connected` says how it is. */
  @Get('health')
  @Header('Cache-Control', 'no-store')
  async health(): Promise<CacheHealth> {
    return (await this.mounted.client?.healthCheck()) ?? WITHOUT_MODULE;
  }

  @Get('metrics')
  @Header('Cache-Control', 'no-store')
  metrics(): MetricsReport {
    const summary = (this.mounted.metrics ?? new CacheMetrics()).summary();
    return { ...summary, advice: adviceFor(summary) };
  }
}
