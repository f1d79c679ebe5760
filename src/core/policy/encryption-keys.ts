import type { EncryptionKey } from './options.js';

const SYNTAX = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43})=?$/;

/** The keys, or what is wrong with them in words that hold no part of a key. */
export type EncryptionKeys =
  { readonly ok: true; readonly keys: readonly EncryptionKey[] } | { readonly ok: false; readonly problem: string };

/** Reads `id:base64` texts of 32 bytes each, in order. base64url and a missing `=` are accepted. */
export function parseEncryptionKeys(texts: readonly unknown[]): EncryptionKeys {
  const keys: EncryptionKey[] = [];
  for (const [index, text] of texts.entries()) {
    const match = typeof text === 'string' ? SYNTAX.exec(text) : null;
    if (!match) return { ok: false, problem: `key ${index + 1} of ${texts.length} has another form` };
    const id = match[1] as string;
    if (keys.some((key) => key.id === id)) return { ok: false, problem: `the id '${id}' is given twice` };
    keys.push({ id, key: Buffer.from(match[2] as string, 'base64') });
  }
  return { ok: true, keys };
}
