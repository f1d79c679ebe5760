import type { Duration } from './duration.js';

/** Times to live by kind of data, as starting points. */
export const CacheTtl = {
  AGENT_CONFIGURATION: '1h',
  LIST: '30m',
  CHANNEL_METADATA: '10m',
  WORKFLOW_STATUS: '1m',
  COUNT: '5m',
  EMBEDDING: '24h',
  PROMPT: '1h',
} as const satisfies Record<string, Duration>;
