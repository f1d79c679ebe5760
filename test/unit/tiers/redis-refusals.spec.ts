import { describe, expect, it } from '@jest/globals';
import { AccessRefusals, deniedRightOf } from '../../../src/tiers/redis/connections/access-refusals.js';
import { connectRefusalOf } from '../../../src/tiers/redis/connections/connect-refusal.js';
import { EventRecorder } from '../../support/redis-kit.js';

describe('the right that is missing', () => {
  it.each([
    ["NOPERM this user has no permissions to run the 'mget' command", '+mget'],
    ["NOPERM User me has no permissions to run the 'client|tracking' command", '+client|tracking'],
    [
      "NOPERM this user has no permissions to run the 'sentinel|get-master-addr-by-name' command",
      '+sentinel|get-master-addr-by-name',
    ],
    ["NOPERM this user has no permissions to run the 'SET' command or its subcommand", '+set'],
    ['NOPERM this user has no permissions to access one of the keys used as arguments', 'keys'],
    ['NOPERM No permissions to access a key', 'keys'],
    ['NOPERM this user has no permissions to access one of the channels used as arguments', 'channels'],
    [
      "ERR The user executing the script can't run this command or subcommand script: 897, on @user_script:1.",
      'scripts',
    ],
    ["ERR ACL failure in script: User me has no permissions to run the 'getrange' command", '+getrange'],
    [
      "All sentinels are unreachable and retry is disabled. Last error: NOPERM User me has no permissions to run the 'sentinel|sentinels' command",
      '+sentinel|sentinels',
    ],
  ])('is read from %j', (message, right) => {
    expect(deniedRightOf(message)).toBe(right);
  });

  it.each([
    'OOM command not allowed',
    'WRONGPASS invalid username-password pair or user is disabled.',
    'Connection is closed.',
    '',
  ])('is not read from %j', (message) => {
    expect(deniedRightOf(message)).toBeNull();
  });

  it('is told once, and is a bounded number of rights, whatever a server says', () => {
    const events = new EventRecorder();
    const refusals = new AccessRefusals(events);
    for (let time = 0; time < 1_000; time++) {
      refusals.observe(new Error("NOPERM User me has no permissions to run the 'get' command"));
      refusals.observe(
        new Error(`NOPERM User me has no permissions to run the '${'a'.repeat(1 + (time % 200))}' command`),
      );
    }
    for (const nothing of [null, undefined, 'NOPERM', 7, {}]) refusals.observe(nothing);
    expect(events.of('denied')[0]).toEqual({ right: '+get' });
    expect(events.of('denied').length).toBeLessThanOrEqual(64);
  });
});

describe('the cause of a refused connection', () => {
  const error = (message: string, code?: string): Error => Object.assign(new Error(message), code && { code });

  it.each<[string, Error, string | null]>([
    [
      'an unknown authority',
      error('self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'),
      'unknown-authority',
    ],
    [
      'an unknown authority',
      error('unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      'unknown-authority',
    ],
    ['an expired certificate', error('certificate has expired', 'CERT_HAS_EXPIRED'), 'certificate-expired'],
    [
      'a certificate for another name',
      error("Hostname/IP does not match certificate's altnames: x", 'ERR_TLS_CERT_ALTNAME_INVALID'),
      'certificate-name',
    ],
    ['a handshake that failed', error('x', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'tls-refused'],
    ['a wrong password', error('WRONGPASS invalid username-password pair or user is disabled.'), 'credentials-refused'],
    ['no password', error('NOAUTH Authentication required.'), 'credentials-refused'],
    [
      'what sentinels answer',
      error('All sentinels are unreachable and retry is disabled. Last error: certificate has expired'),
      'certificate-expired',
    ],
    [
      'a missing right',
      error("NOPERM User me has no permissions to run the 'cluster|slots' command"),
      'permission-refused',
    ],
    ['a missing database', error('ERR DB index is out of range'), 'database-refused'],
    ['a port where nobody listens', error('connect ECONNREFUSED 127.0.0.1:6379', 'ECONNREFUSED'), null],
    ['a lost connection', error('read ECONNRESET', 'ECONNRESET'), null],
  ])('is told of %s', (_what, given, cause) => {
    expect(connectRefusalOf(given)).toBe(cause);
  });
});
