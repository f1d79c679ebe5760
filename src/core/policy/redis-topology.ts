import { maskUrl } from './mask-secrets.js';
import type { OptionCheck } from './option-check.js';
import type { RedisOptions, RedisTopology } from './options.js';
import { isNodeAddress, isRedisUrl } from './redis-address.js';

const NODES_EXPECTED = "an array of 'host:port', such as ['10.0.0.1:6379']";

/** Which Redis is meant. `null`: none, so memory only. An empty text or array counts as absent. */
export function topologyOf(redis: Partial<RedisOptions>, check: OptionCheck): RedisTopology | null {
  const url = urlOf(redis.url, check);
  const nodes = nodesOf('redis.clusterNodes', redis.clusterNodes, check);
  const sentinels = nodesOf('redis.sentinels', redis.sentinels, check);
  const name = nameOf(redis.sentinelName, check);
  if ([url, nodes, sentinels].filter((given) => given !== null).length > 1) {
    check.contradict('redis.url, redis.clusterNodes and redis.sentinels exclude one another: give one of them');
  }
  if ((sentinels === null) !== (name === null)) {
    check.contradict('redis.sentinels and redis.sentinelName belong together: give both or neither');
  }
  if (url !== null) return { mode: 'standalone', url };
  if (nodes !== null) return { mode: 'cluster', nodes };
  return sentinels && name ? { mode: 'sentinel', sentinels, name } : null;
}

function urlOf(value: unknown, check: OptionCheck): string | null {
  if (value === undefined || value === '') return null;
  if (typeof value === 'string' && isRedisUrl(value)) return value;
  const expected = "a URL such as 'redis://localhost:6379' or 'rediss://:password@host:6380/0'";
  if (typeof value === 'string') check.reject('redis.url', value, expected, `'${maskUrl(value)}'`);
  else check.reject('redis.url', value, expected);
  return null;
}

function nodesOf(name: string, value: unknown, check: OptionCheck): readonly string[] | null {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return null;
  const nodes: unknown[] = Array.isArray(value) ? value : [value];
  const wrong = nodes.findIndex((node) => typeof node !== 'string' || !isNodeAddress(node));
  if (Array.isArray(value) && wrong === -1) return [...(nodes as string[])];
  check.reject(Array.isArray(value) ? `${name}[${wrong}]` : name, nodes[Math.max(wrong, 0)], NODES_EXPECTED);
  return null;
}

function nameOf(value: unknown, check: OptionCheck): string | null {
  if (value === undefined || value === '') return null;
  const isName = (given: unknown): boolean => typeof given === 'string';
  return (
    check.either<string, undefined>('redis.sentinelName', value, undefined, isName, "a text such as 'mymaster'") ?? null
  );
}
