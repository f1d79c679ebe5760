import { afterAll, describe, expect, it } from '@jest/globals';
import { createPrivateKey } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { CacheConfigurationError } from '../../../src/core/errors.js';
import { readCacheEnvironment } from '../../../src/nest/config/read-environment.js';
import { CertificateAuthority } from '../../support/certificates.js';

const authority = new CertificateAuthority();
const own = authority.issue();
const other = authority.issue();
const locked = authority.write(
  'locked.key',
  createPrivateKey(own.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'of the key',
  }) as string,
);
const CLUSTER = { CACHE_REDIS_CLUSTER_NODES: '10.0.0.1:6379' };
const CA = { CACHE_REDIS_TLS_CA_FILE: authority.certFile };

const tlsOf = (env: NodeJS.ProcessEnv): Record<string, unknown> | undefined => readCacheEnvironment(env).redis?.tls;

function problemWith(env: NodeJS.ProcessEnv): string {
  try {
    readCacheEnvironment(env);
  } catch (error) {
    expect(error).toBeInstanceOf(CacheConfigurationError);
    return (error as Error).message;
  }
  throw new Error('it was taken');
}

describe('files for TLS in the environment', () => {
  afterAll(() => authority.remove());

  it('are what a connection is given', () => {
    const tls = tlsOf({
      ...CLUSTER,
      ...CA,
      CACHE_REDIS_TLS_CERT_FILE: own.certFile,
      CACHE_REDIS_TLS_KEY_FILE: own.keyFile,
    });
    expect({ ...tls }).toEqual({ ca: authority.cert, cert: own.cert, key: own.key });
  });

  it('leave TLS as it is where none is named', () => {
    expect(tlsOf({ ...CLUSTER })).toBeUndefined();
    expect(tlsOf({ REDIS_URL: 'rediss://h', CACHE_REDIS_TLS_CA_FILE: ' ' })).toBeUndefined();
  });

  it('are not needed for TLS to the nodes of a cluster', () => {
    expect(tlsOf({ ...CLUSTER, CACHE_REDIS_TLS: 'true' })).toEqual({});
  });

  it('are read anew each time, and count as they were while they cannot be read', () => {
    const ca = authority.write('mounted.crt', authority.cert);
    const tls = tlsOf({ ...CLUSTER, CACHE_REDIS_TLS_CA_FILE: ca });
    writeFileSync(ca, other.cert);
    expect(tls?.ca).toBe(other.cert);
    authority.erase('mounted.crt');
    expect(tls?.ca).toBe(other.cert);
  });

  it.each<[string, string]>([
    ['CACHE_REDIS_TLS_CA_FILE', '/no/such/file.crt'],
    ['CACHE_REDIS_TLS_CERT_FILE', '/'],
    ['CACHE_REDIS_TLS_KEY_FILE', '/no/such/file.key'],
  ])('stop the boot when %s cannot be read, with its name and path', (name, path) => {
    const problem = problemWith({ ...CLUSTER, [name]: path });
    expect(problem).toContain(`${name} is '${path}': expected the path of a file that can be read and holds`);
  });

  it.each<[string, string]>([
    ['CACHE_REDIS_TLS_CA_FILE', own.keyFile],
    ['CACHE_REDIS_TLS_KEY_FILE', own.certFile],
    ['CACHE_REDIS_TLS_KEY_FILE', locked],
  ])('stop the boot when %s holds something else, without showing what', (name, path) => {
    const problem = problemWith({ ...CLUSTER, [name]: path });
    expect(problem).toContain(`${name} is '${path}'`);
    expect(problem).not.toMatch(/BEGIN|MII|of the key/);
  });

  it.each(['CACHE_REDIS_TLS_CA_FILE', 'CACHE_REDIS_TLS_KEY_FILE'])(
    'do not show what %s holds in place of a path',
    (name) => {
      for (const text of [own.key, own.key.replaceAll('\n', ' '), own.key.split('\n')[1] as string]) {
        const problem = problemWith({ ...CLUSTER, [name]: text });
        expect(problem).toContain(name);
        for (const line of own.key.split('\n').filter((part) => part.length > 20)) expect(problem).not.toContain(line);
      }
    },
  );

  it('stop the boot when only one of certificate and key is named', () => {
    expect(problemWith({ ...CLUSTER, CACHE_REDIS_TLS_CERT_FILE: own.certFile })).toContain(
      'CACHE_REDIS_TLS_CERT_FILE and CACHE_REDIS_TLS_KEY_FILE belong together: set both',
    );
  });

  it('stop the boot when the key is that of another certificate', () => {
    const env = { CACHE_REDIS_TLS_CERT_FILE: own.certFile, CACHE_REDIS_TLS_KEY_FILE: other.keyFile };
    expect(problemWith({ ...CLUSTER, ...env })).toContain(
      'CACHE_REDIS_TLS_KEY_FILE is not the key of the certificate in CACHE_REDIS_TLS_CERT_FILE',
    );
  });

  it.each([CA, { CACHE_REDIS_TLS: 'true' }])('stop the boot when the URL says that there is no TLS: %j', (env) => {
    expect(problemWith({ REDIS_URL: 'redis://h', ...env })).toContain('begin REDIS_URL with rediss://');
    expect(() => readCacheEnvironment({ REDIS_URL: 'rediss://h', ...env })).not.toThrow();
  });

  it('stop the boot when they may not be read', () => {
    const secret = authority.write('secret.crt', authority.cert);
    chmodSync(secret, 0);
    // Who may do everything may read it all the same.
    if (process.getuid?.() === 0) expect(tlsOf({ ...CLUSTER, CACHE_REDIS_TLS_CA_FILE: secret })).toBeDefined();
    else expect(problemWith({ ...CLUSTER, CACHE_REDIS_TLS_CA_FILE: secret })).toContain('CACHE_REDIS_TLS_CA_FILE');
  });
});
