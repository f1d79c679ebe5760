const NODE = /^(\[[0-9a-f:]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?):(\d{1,5})$/i;

/** `redis://` or `rediss://` with a host, and at most a port, credentials, a database number and a query. */
export function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port, pathname, username, password } = new URL(text);
  const isRedis = protocol === 'redis:' || protocol === 'rediss:';
  return isRedis && hostname !== '' && port !== '0' && /^(\/\d*)?$/.test(pathname) && isDecodable(username + password);
}

/** `host:port`, with an IPv6 address in brackets. */
export function isNodeAddress(text: string): boolean {
  const port = Number(NODE.exec(text)?.[2] ?? 0);
  return port >= 1 && port <= 65_535;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
