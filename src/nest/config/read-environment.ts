import type { CacheOptions } from '../../core/policy/options.js';
import { CacheEnvironment } from './cache-environment.js';
import { adoptedFrom, DeprecatedEnvironment, withoutOverruled } from './deprecated-environment.js';
import { optionsOf } from './environment-options.js';
import { contradictionsIn, throwIfAny, wrongTextsIn } from './environment-problems.js';
import { fill, namesGivenIn, parseBooleanText } from './environment-values.js';

/**
 * The options that the environment gives, defaults included. Texts are trimmed, and an empty variable counts as absent.
 * Throws one `CacheConfigurationError` that names every wrong variable, what it was (secrets masked) and what is allowed.
 */
export function readCacheEnvironment(env: NodeJS.ProcessEnv): CacheOptions {
  const environment = fill(new CacheEnvironment(), env);
  const deprecated = withoutOverruled(fill(new DeprecatedEnvironment(), env), namesGivenIn(env));
  throwIfAny([...wrongTextsIn(deprecated), ...wrongTextsIn(environment), ...contradictionsIn(environment)]);
  const isEmbeddingEnabled = parseBooleanText(deprecated.REDIS_EMBEDDING_CACHE_ENABLED);
  return {
    ...optionsOf({ ...environment, ...adoptedFrom(deprecated) }),
    ...(isEmbeddingEnabled !== null && { embeddings: { enabled: isEmbeddingEnabled } }),
  };
}
