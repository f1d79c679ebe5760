import { CacheConfigurationError } from '../../core/errors.js';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** What a `redis://` or `rediss://` URL says. */
export interface RedisUrl extends RedisAddress {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly isTls: boolean;
}

const REDIS_PORT = 6379;
const URL_SYNTAX = /^(rediss?):\/\/(?:(.*)@)?(\[[^\]]+\]|[^:/?#[\]]+)?(?::(\d+))?(?:\/(\d*))?(?:[?#].*)?$/s;
const ADDRESS_SYNTAX = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d+))?$/;

/**
 * Reads a URL without handing it to the library, whose reader would take any option from its query. The port is not
 * checked: a server that cannot be reached is no reason to fail. Throws `CacheConfigurationError`, without the URL.
 */
export function parseRedisUrl(url: string): RedisUrl {
  const match = URL_SYNTAX.exec(url);
  if (!match) throw invalid('redis.url', "'redis://[[username]:password@]host[:port][/database]', or with 'rediss://'");
  const [, scheme, userInfo, host = '127.0.0.1', port, db] = match;
  return {
    ...credentialsOf(userInfo),
    host: withoutBrackets(host),
    port: port ? Number(port) : REDIS_PORT,
    db: Number(db ?? 0),
    isTls: scheme === 'rediss',
  };
}

/** Reads `host`, `host:port` or `[ipv6]:port`. Throws `CacheConfigurationError`. */
export function parseAddress(address: string, defaultPort = REDIS_PORT): RedisAddress {
  const [, host, port] = ADDRESS_SYNTAX.exec(address) ?? [];
  if (!host) throw invalid('an address of redis.clusterNodes or redis.sentinels', "'host:port'");
  return { host: withoutBrackets(host), port: port ? Number(port) : defaultPort };
}

function credentialsOf(userInfo = ''): Pick<RedisUrl, 'username' | 'password'> {
  const colon = userInfo.indexOf(':');
  // `redis://secret@host` names a user; `redis://:secret@host` has a password alone.
  const [user, password] = colon < 0 ? [userInfo, ''] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
  return { username: decoded(user) || undefined, password: decoded(password) || undefined };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '');

const invalid = (what: string, expected: string): CacheConfigurationError =>
  new CacheConfigurationError(`${what} cannot be read: expected ${expected}`);
