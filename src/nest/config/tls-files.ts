import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Where the files are; an empty text: there is none. */
export interface TlsFiles {
  /** Certificates of the authorities that are trusted, in place of those that Node knows. */
  readonly ca: string;
  /** Certificate of the client, with those between it and an authority behind it. */
  readonly cert: string;
  /** Private key of the client. */
  readonly key: string;
}

/** Whether a file can be read and begins with a certificate in PEM. */
export const isCertificateFile = (path: string): boolean => isFileThat(path, (text) => new X509Certificate(text));

/** Whether a file can be read and holds a private key in PEM, without a passphrase. */
export const isKeyFile = (path: string): boolean => isFileThat(path, createPrivateKey);

/** Whether the key in one file is that of the certificate in the other; `true` where one of them is not usable by itself. */
export function isPair(certFile: string, keyFile: string): boolean {
  if (!isCertificateFile(certFile) || !isKeyFile(keyFile)) return true;
  return isFileThat(keyFile, (key) => createSecureContext({ cert: readFileSync(certFile), key }));
}

/**
 * Options of `tls.connect` with what stands in the files whenever a connection is made: what mounts them may renew them. One
 * that cannot be read then is as it was before.
 */
export function tlsOptionsOf(files: TlsFiles): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(files) as [keyof TlsFiles, string][]) {
    if (path === '') continue;
    let text = readFileSync(path, 'utf8');
    const get = (): string => (text = textOf(path) ?? text);
    Object.defineProperty(options, name, { enumerable: true, get });
  }
  return options;
}

function isFileThat(path: string, read: (text: string) => unknown): boolean {
  try {
    read(readFileSync(path, 'utf8'));
    return true;
  } catch {
    return false;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
