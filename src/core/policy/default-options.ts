import type { Duration } from './duration.js';

/** What holds where neither the code nor the environment says anything. */
export const DEFAULT_OPTIONS = {
  enabled: true,
  prefix: 'agent-cache',
  redis: { timeout: '100ms', connectTimeout: '2s', maxInFlight: 512, connections: 1, minReplicas: 0 },
  memory: { maxBytes: 64 * 1024 * 1024, withoutTracking: 'off' },
  ttl: { default: '1h', context: '1h', tool: '30m', embedding: '24h', prompt: '1h', max: '30d' },
  grace: '0s',
  maxValueBytes: 16 * 1024 * 1024,
  compress: { minBytes: 0 },
  embeddings: { enabled: true },
} as const satisfies Record<string, unknown> & { grace: Duration; ttl: Record<string, Duration> };

/** What holds where neither a policy nor an option says anything. */
export const DEFAULT_POLICY = { hardTimeout: '30s' } as const satisfies Record<string, Duration>;

/** Smallest and greatest value of what has bounds. Milliseconds and counts. */
export const OPTION_LIMITS = {
  /** A longer wait for a cache is taken for a mistake: most likely milliseconds were written without their unit. */
  redisTimeoutMs: { min: 1, max: 60_000 },
  maxInFlight: { min: 1, max: 1_000_000 },
  connections: { min: 1, max: 64 },
  minReplicas: { min: 0, max: 64 },
} as const;
