import { CacheEnvironment } from './cache-environment.js';
import { DeprecatedEnvironment, deprecationsIn } from './deprecated-environment.js';
import { fill, namesGivenIn, parseBooleanText } from './environment-values.js';
import { unknownIn } from './unknown-variables.js';

/** A line for each variable that is deprecated, misspelt or without effect. */
export function warningsOf(env: NodeJS.ProcessEnv): string[] {
  const given = namesGivenIn(env);
  return [
    ...deprecationsIn(fill(new DeprecatedEnvironment(), env), given),
    ...unknownIn(given),
    ...ineffectiveIn(fill(new CacheEnvironment(), env)),
  ];
}

function ineffectiveIn({ CACHE_METRICS_AGGREGATE: aggregate }: CacheEnvironment): string[] {
  if (!parseBooleanText(aggregate)) return [];
  return ['CACHE_METRICS_AGGREGATE has no effect: this version counts every instance by itself'];
}
