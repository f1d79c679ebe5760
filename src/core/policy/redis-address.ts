/** Where a server listens; an IPv6 address without brackets. */
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
const HOST = String.raw`\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?`;
const IS_HOST = new RegExp(`^(?:${HOST})$`, 'i');
const NODE = new RegExp(`^(${HOST}):(\\d{1,5})$`, 'i');

/**
 * Reads `redis://` or `rediss://` with a host, and at most a port, credentials and a database number; `null` for all
 * else. With a query or a fragment too: the library would take any option from the one, and what looks like the other
 * may be the rest of a password that was not encoded. Whoever checks a URL and whoever connects read it here alike.
 */
export function parseRedisUrl(text: string): RedisUrl | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, pathname, username, password, search, hash } = new URL(text);
  const isRedis = protocol === 'redis:' || protocol === 'rediss:';
  if (!isRedis || !IS_HOST.test(hostname) || port === '0' || search + hash !== '') return null;
  const [user, secret] = [decoded(username), decoded(password)];
  if (!/^(\/\d*)?$/.test(pathname) || user === null || secret === null) return null;
  return {
    host: withoutBrackets(hostname),
    port: port === '' ? REDIS_PORT : Number(port),
    username: user || undefined,
    password: secret || undefined,
    db: Number(pathname.slice(1)),
    isTls: protocol === 'rediss:',
  };
}

/** Reads `host:port`, with an IPv6 address in brackets; `null` for all else. */
export function parseNodeAddress(text: string): RedisAddress | null {
  const [, host = '', digits] = NODE.exec(text) ?? [];
  const port = Number(digits ?? 0);
  return port >= 1 && port <= 65_535 ? { host: withoutBrackets(host), port } : null;
}

export const isRedisUrl = (text: string): boolean => parseRedisUrl(text) !== null;

export const isNodeAddress = (text: string): boolean => parseNodeAddress(text) !== null;

const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '');

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
