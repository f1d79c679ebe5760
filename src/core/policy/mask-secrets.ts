const SCHEME = /[a-z][a-z0-9+.-]*:\/\//i;
const NAMED_SECRET = /(password|passwd|pwd|pass|secret|token|auth|api[_-]?key)(\s*[=:]\s*)[\s\S]+/i;
const ENCRYPTION_KEY = /[A-Za-z0-9+/_-]{43,}=?/g;
const SHOWN_CHARACTERS = 80;

/**
 * A wrong value as an error may show it: on one line, cut, and without what could be a secret. In a value that is not
 * understood nobody knows where a password begins or ends. So nothing is shown that stands before its last `@`, or after
 * `password=` and the like, or in a URL but its host, or that is as long as an encryption key.
 */
export function maskValue(value: string): string {
  const start = SCHEME.exec(value)?.index ?? value.length;
  const withoutCredentials = value.slice(0, start).replace(/^[\s\S]*@/, ':***@') + hostOf(value.slice(start));
  const masked = withoutCredentials
    .replace(NAMED_SECRET, '$1$2***')
    .replace(ENCRYPTION_KEY, '***')
    .replace(/\p{Cc}/gu, '?');
  return masked.length > SHOWN_CHARACTERS ? `${masked.slice(0, SHOWN_CHARACTERS)}…` : masked;
}

/** Like {@link maskValue} for what should be a URL. A text without a scheme may be the bare password: all of it is masked. */
export function maskUrl(value: string): string {
  return SCHEME.exec(value)?.index === 0 ? maskValue(value) : '***';
}

/** Scheme and host of a URL, `redis://:***@host`, and `…` for what is behind them; of what only begins like one, the scheme. */
function hostOf(url: string): string {
  const [scheme = ''] = SCHEME.exec(url) ?? [];
  if (!URL.canParse(url)) return scheme && `${scheme}***`;
  const { hostname, username, password, port, pathname, search, hash } = new URL(url);
  // An '@' behind the host: what looks like the host is the beginning of a password that was not encoded.
  if (`${pathname}${search}${hash}`.includes('@')) return `${scheme}***`;
  const isCut = `${port}${search}${hash}` !== '' || !['', '/'].includes(pathname);
  return `${scheme}${username || password ? ':***@' : ''}${hostname}${isCut ? '…' : ''}`;
}
