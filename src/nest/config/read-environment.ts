import { CacheConfigurationError } from '../../core/errors.js';
import type { CacheOptions } from '../../core/policy/options.js';
import { CacheEnvironment } from './cache-environment.js';
import { adoptedFrom, DeprecatedEnvironment, withoutOverruled } from './deprecated-environment.js';
import { optionsOf } from './environment-options.js';
import { contradictionsIn, wrongTextsIn } from './environment-problems.js';
import { parseBooleanText } from './environment-values.js';
import { warnOfUnknown } from './unknown-variables.js';

/**
 * The options that the environment gives, defaults included. Texts are trimmed, and an empty variable counts as absent.
 * `warn` is called once for each deprecated, ineffective or misspelt variable. Throws one `CacheConfigurationError` that
 * names every wrong variable, what it was (secrets masked) and what is allowed.
 */
export function readCacheEnvironment(env: NodeJS.ProcessEnv, warn: (message: string) => void): CacheOptions {
  const given = new Set(Object.keys(env).filter((name) => env[name]?.trim()));
  const environment = fill(new CacheEnvironment(), env);
  const deprecated = withoutOverruled(fill(new DeprecatedEnvironment(), env), given, warn);
  warnOfUnknown(given, warn);
  warnOfIneffective(environment, warn);
  throwIfAny([...wrongTextsIn(deprecated), ...wrongTextsIn(environment), ...contradictionsIn(environment)]);
  const isEmbeddingEnabled = parseBooleanText(deprecated.REDIS_EMBEDDING_CACHE_ENABLED);
  return {
    ...optionsOf({ ...environment, ...adoptedFrom(deprecated) }),
    ...(isEmbeddingEnabled !== null && { embeddings: { enabled: isEmbeddingEnabled } }),
  };
}

function fill<T extends object>(variables: T, env: NodeJS.ProcessEnv): T {
  for (const name of Object.keys(variables)) {
    const text = env[name]?.trim();
    if (text) Object.assign(variables, { [name]: text });
  }
  return variables;
}

function warnOfIneffective(environment: CacheEnvironment, warn: (message: string) => void): void {
  if (environment.CACHE_ADMIN_TOKEN !== '') {
    warn('CACHE_ADMIN_TOKEN has no effect: this version has no invalidation endpoint');
  }
  if (parseBooleanText(environment.CACHE_METRICS_AGGREGATE) === true) {
    warn('CACHE_METRICS_AGGREGATE has no effect: this version counts every instance by itself');
  }
}

function throwIfAny(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `\n  - ${problem}`).join('');
  throw new CacheConfigurationError(`The environment variables of the cache are wrong. Correct:${lines}`);
}
