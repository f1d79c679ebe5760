/** By tier, where what a server has said may hold anything, but what it means is known. */
const BY_TIER: ReadonlyMap<string, string> = new Map([
  [
    'memory',
    'Redis does not tell of changes; give the user of the cache +client|id +client|tracking +subscribe ' +
      '&__redis__:invalidate and let no proxy stand in between, or see memory.withoutTracking',
  ],
]);

const BY_REASON: ReadonlyMap<string, string> = new Map([
  [
    'unknown-authority',
    'its certificate is from an authority that is not known here; name that one in CACHE_REDIS_TLS_CA_FILE or redis.tls.ca',
  ],
  [
    'certificate-expired',
    'its certificate has expired, or is not valid yet; renew it, or set the clock of this machine',
  ],
  [
    'certificate-name',
    'its certificate is for another name; connect to a name that stands in it, or say which one in redis.tls.servername',
  ],
  [
    'tls-refused',
    'TLS could not be agreed on; see which versions both sides speak, and whether Redis knows the certificate of this client',
  ],
  ['credentials-refused', 'it refuses the user or the password; see those of REDIS_URL or redis, and its ACL'],
  ['permission-refused', 'its ACL forbids the user of the cache to connect; see docs/concepts/redis-access.md'],
  ['database-refused', 'it has no database of that number; see the end of REDIS_URL'],
  [
    'no-greeting',
    'it ends new connections, or lets them wait, without an answer; see whether it speaks TLS (rediss://) or not (redis://), ' +
      'and whether it asks for a certificate of the client (CACHE_REDIS_TLS_CERT_FILE)',
  ],
]);

/** Why a tier is away and what to do, in words of ours; `null`: nothing is known but the reason. */
export const causeOf = (tier: string, reason: string): string | null =>
  BY_REASON.get(reason) ?? BY_TIER.get(tier) ?? null;

/** What is to be done where the user of the cache lacks `right`. */
export function wayOutOfDenied(right: string): string {
  const isCommand = /^\+[a-z]+([|-][a-z]+)*$/.test(right);
  const what = isCommand ? right : (OF_ITS_KIND.get(right) ?? 'something');
  return `Redis refuses ${what} to the user of the cache, and what needs it goes on without: see docs/concepts/redis-access.md for its ACL`;
}

const OF_ITS_KIND: ReadonlyMap<string, string> = new Map([
  ['keys', 'keys with its prefix'],
  ['channels', 'the channel &__redis__:invalidate'],
  ['scripts', 'a command that the scripts of the cache use'],
]);
