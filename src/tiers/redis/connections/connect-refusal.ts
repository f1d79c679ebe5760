/**
 * Why a server could not be connected to, where more is known than that it could not: words that say what is to be done. All
 * but `no-greeting`, which is a guess, name a cause.
 */
export type ConnectRefusal =
  /** The certificate of the server is from an authority that is not known here. */
  | 'unknown-authority'
  /** The certificate of the server has expired, or is not valid yet. */
  | 'certificate-expired'
  /** The certificate of the server is for other names. */
  | 'certificate-name'
  /** The two sides could not agree on TLS, or one of them does not speak it. */
  | 'tls-refused'
  /** The server does not know the user, or the password is another one. */
  | 'credentials-refused'
  /** The user may not do what connecting needs. */
  | 'permission-refused'
  /** The server has no database of that number. */
  | 'database-refused'
  /**
   * The server takes connections and ends them before it has answered anything, or lets those by TLS wait: as one does that
   * speaks TLS where the client does not, or the other way round, or that asks for a certificate of the client.
   */
  | 'no-greeting';

/** By what stands in the message or the code: what the library says of sentinels is a text alone. */
const CAUSES: readonly (readonly [RegExp, ConnectRefusal])[] = [
  [/WRONGPASS|NOAUTH|invalid password/, 'credentials-refused'],
  [/NOPERM/, 'permission-refused'],
  [/DB index/, 'database-refused'],
  [/self.signed|unable to (?:verify|get)|UNABLE_TO_|SELF_SIGNED/, 'unknown-authority'],
  [/certificate has expired|not yet valid|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'certificate-expired'],
  [/altnames|ERR_TLS_CERT_ALTNAME/, 'certificate-name'],
  [/ERR_SSL_|ERR_OSSL_|ERR_TLS_|SSL routines|CERT_/, 'tls-refused'],
];

/** What an error of a client that connects says of the cause; `null`: nothing. */
export function connectRefusalOf({ code = '', message }: NodeJS.ErrnoException): ConnectRefusal | null {
  const text = `${code} ${message}`;
  return CAUSES.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
