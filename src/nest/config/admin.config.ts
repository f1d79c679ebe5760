import { registerAs } from '@nestjs/config';
import { AdminTokens } from './admin-tokens.js';
import { throwIfAny, wrongTextsIn } from './environment-problems.js';
import { IsTokens } from './environment-validators.js';
import { fill, parseListText } from './environment-values.js';

class AdminEnvironment {
  @IsTokens() CACHE_ADMIN_TOKEN = '';
}

/** The tokens that the environment gives. Throws `CacheConfigurationError`, which does not show them. */
export function readAdminTokens(env: NodeJS.ProcessEnv): AdminTokens {
  const environment = fill(new AdminEnvironment(), env);
  throwIfAny(wrongTextsIn(environment));
  return new AdminTokens(parseListText(environment.CACHE_ADMIN_TOKEN));
}

/** Read as the rest of the cache's configuration is, and apart from it: whoever asks for `cache` has no use for tokens. */
export const adminConfig = registerAs('cache-admin', () => readAdminTokens(process.env));
