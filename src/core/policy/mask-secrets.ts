const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)\S*@/gi;
const NAMED_SECRET = /(password|passwd|pwd|pass|secret|token|auth|api[_-]?key)(\s*[=:]\s*)[^&;,\s]+/gi;
const ENCRYPTION_KEY = /[A-Za-z0-9+/_-]{43,}=?/g;
const SHOWN_CHARACTERS = 80;

/**
 * `text` without what could be a secret: the credentials of URLs (`redis://:***@host`), values after `password=` and
 * the like, and anything as long as an encryption key.
 */
export function maskSecrets(text: string): string {
  return text.replace(USERINFO, '$1:***@').replace(NAMED_SECRET, '$1$2***').replace(ENCRYPTION_KEY, '***');
}

/**
 * A wrong value as an error may show it: on one line, cut, and without everything up to its last `@`, because in a
 * value that is not understood nobody knows where the password begins.
 */
export function maskValue(value: string): string {
  const withoutCredentials = value.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[\s\S]*@/i, '$1:***@');
  const masked = maskSecrets(withoutCredentials).replace(/\p{Cc}/gu, '?');
  return masked.length > SHOWN_CHARACTERS ? `${masked.slice(0, SHOWN_CHARACTERS)}…` : masked;
}

/** Like {@link maskValue} for what should be a URL. A text without `://` may be the bare password: all of it is masked. */
export function maskUrl(value: string): string {
  return value.includes('://') ? maskValue(value) : '***';
}
