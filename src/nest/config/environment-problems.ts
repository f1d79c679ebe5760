import { validateSync } from 'class-validator';
import { maskUrl, maskValue } from '../../core/policy/mask-secrets.js';
import type { CacheEnvironment } from './cache-environment.js';

const SECRET_VARIABLES = ['CACHE_ENCRYPTION_KEYS', 'CACHE_ADMIN_TOKEN'];
const TOPOLOGY_VARIABLES = ['REDIS_URL', 'CACHE_REDIS_CLUSTER_NODES', 'CACHE_REDIS_SENTINELS'] as const;

/** A line for each variable with a wrong text: its name, the text with secrets masked, what is allowed, an example. */
export function wrongTextsIn(variables: object): string[] {
  return validateSync(variables).map(({ property, value, constraints }) => {
    const expected = Object.values(constraints ?? {}).join('; ');
    return `${property} is '${masked(property, String(value))}': expected ${expected}`;
  });
}

/** A line for each set of variables that contradict one another. */
export function contradictionsIn(environment: CacheEnvironment): string[] {
  const { CACHE_REDIS_SENTINELS: sentinels, CACHE_REDIS_SENTINEL_NAME: name } = environment;
  const chosen = TOPOLOGY_VARIABLES.filter((variable) => environment[variable] !== '');
  const problems: string[] = [];
  if (chosen.length > 1) {
    problems.push(`${chosen.join(' and ')} exclude one another: set one of them and empty the others`);
  }
  if (sentinels && !name) problems.push('CACHE_REDIS_SENTINELS needs CACHE_REDIS_SENTINEL_NAME, such as mymaster');
  if (name && !sentinels)
    problems.push('CACHE_REDIS_SENTINEL_NAME needs CACHE_REDIS_SENTINELS, such as 10.0.0.1:26379');
  return problems;
}

function masked(name: string, text: string): string {
  if (SECRET_VARIABLES.includes(name)) return '***';
  return name === 'REDIS_URL' ? maskUrl(text) : maskValue(text);
}
