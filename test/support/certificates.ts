import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CertificateOptions {
  /** Names that clients may know the holder by, addresses among them. Default: `127.0.0.1` and `localhost`. */
  readonly names?: readonly string[];
  /** Default: an hour ago. */
  readonly from?: Date;
  /** Default: in an hour. */
  readonly until?: Date;
}

/** A certificate with its private key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The same, and where each of them is a file. */
export interface CertificateFiles extends Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

const HOUR_MS = 3_600_000;
/** Object identifiers, encoded. */
const OID = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  basicConstraints: '551d13',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  subjectKeyIdentifier: '551d0e',
  authorityKeyIdentifier: '551d23',
} as const;

/**
 * An authority that nobody knows but who is given its certificate. It makes certificates in this process, so that tests need
 * neither a program for it nor keys that lie in the repository, and can have some that are not valid any more.
 */
export class CertificateAuthority {
  readonly cert: string;
  /** Where `cert` is a file. */
  readonly certFile: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'agent-cache-certificates-'));
  private readonly key: KeyObject;
  private readonly keyId = randomBytes(20);
  private count = 0;

  constructor(private readonly name = 'tests') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.key = privateKey;
    this.cert = this.signed(publicKey, this.name, {}, [
      extension(OID.basicConstraints, sequence(der(0x01, Buffer.from([0xff]))), true),
      extension(OID.keyUsage, der(0x03, Buffer.from([1, 0x06])), true),
      extension(OID.subjectKeyIdentifier, der(0x04, this.keyId)),
    ]);
    this.certFile = this.write('ca.crt', this.cert);
  }

  /** A certificate for a server or a client. */
  issue(options: CertificateOptions = {}): CertificateFiles {
    const { names = ['127.0.0.1', 'localhost'] } = options;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const cert = this.signed(publicKey, names[0] ?? 'nobody', options, [
      extension(OID.subjectAltName, sequence(...names.map(generalName))),
      extension(OID.subjectKeyIdentifier, der(0x04, randomBytes(20))),
      extension(OID.authorityKeyIdentifier, sequence(der(0x80, this.keyId))),
    ]);
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const name = `issued-${++this.count}`;
    return { cert, key, certFile: this.write(`${name}.crt`, cert), keyFile: this.write(`${name}.key`, key) };
  }

  /** Writes a file beside the certificates; answers its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  erase(name: string): void {
    rmSync(join(this.folder, name));
  }

  /** Removes all files. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private signed(holder: KeyObject, name: string, options: CertificateOptions, extensions: readonly Buffer[]): string {
    const { from = new Date(Date.now() - HOUR_MS), until = new Date(Date.now() + HOUR_MS) } = options;
    const algorithm = sequence(objectId(OID.ecdsaWithSha256));
    const content = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      algorithm,
      distinguishedName(this.name),
      sequence(time(from), time(until)),
      distinguishedName(name),
      holder.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', content, this.key)]));
    return pem(sequence(content, algorithm, signature));
  }
}

/** Tag, length and content, as X.690 wants them. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));

const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));

const distinguishedName = (name: string): Buffer =>
  sequence(der(0x31, sequence(objectId(OID.commonName), der(0x0c, Buffer.from(name)))));

/** YYMMDDHHMMSSZ. */
const time = (date: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(2)}`,
    ),
  );

const extension = (id: string, value: Buffer, isCritical = false): Buffer =>
  sequence(objectId(id), ...(isCritical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));

const generalName = (name: string): Buffer =>
  /^\d+(\.\d+){3}$/.test(name)
    ? der(0x87, Buffer.from(name.split('.').map(Number)))
    : der(0x82, Buffer.from(name, 'latin1'));

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
