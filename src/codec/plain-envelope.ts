import { crc32 } from 'node:zlib';
import type { Envelope, Snapshot } from '../core/ports/codec.js';
import type { Compression } from './compression.js';
import { firstLineOf, MAGIC } from './first-line.js';

/** One letter each, because every entry pays for them. */
interface Header {
  /** key */
  readonly k: string;
  /** format of the value */
  readonly f: string;
  /** stored at */
  readonly s: number;
  /** expires at */
  readonly x: number;
  /** how long it took to load */
  readonly l: number;
  /** snapshot of versions */
  readonly v: Snapshot;
  /** bytes of the payload */
  readonly n: number;
  /** bytes of the inflated payload; absent where it is not compressed */
  readonly c?: number;
}

/**
 * An envelope as bytes: `ac1 <checksum> <header>`, a line feed, the payload. The checksum is the CRC-32 of header, line
 * feed and payload in 8 hex digits: it finds what was cut or flipped, and is no protection against forgery.
 */
export function writeEnvelope(envelope: Envelope, compression: Compression): Buffer {
  const { key: k, encoded, storedAtMs: s, expiresAtMs: x, loadMs: l, snapshot: v } = envelope;
  const deflated = compression.deflate(encoded.bytes);
  const payload = deflated ?? encoded.bytes;
  const n = payload.length;
  const header: Header = { k, f: encoded.format, s, x, l, v, n, ...(deflated && { c: encoded.bytes.length }) };
  const text = Buffer.from(`${JSON.stringify(header)}\n`);
  return Buffer.concat([Buffer.from(`${MAGIC} ${checksumOf(text, payload)} `), text, payload]);
}

/** The envelope for `key`; `null`: another form, cut, altered, or for another key. May throw for the same reasons. */
export function readEnvelope(stored: Buffer, key: string, compression: Compression): Envelope | null {
  const line = firstLineOf(stored);
  if (!line || line.mark !== checksumOf(stored.subarray(line.textAt))) return null;
  const header: unknown = JSON.parse(line.text);
  const payload = stored.subarray(line.restAt);
  if (!isHeader(header) || header.k !== key || header.n !== payload.length) return null;
  const bytes = header.c === undefined ? payload : compression.inflate(payload, header.c);
  const { f: format, s: storedAtMs, x: expiresAtMs, l: loadMs, v: snapshot } = header;
  return { key, encoded: { format, bytes }, storedAtMs, expiresAtMs, snapshot, loadMs };
}

function checksumOf(...parts: readonly Buffer[]): string {
  // Of no bytes, Node 20 and 22 answer 0 in place of the sum so far.
  const sum = parts.reduce((sumSoFar, part) => (part.length > 0 ? crc32(part, sumSoFar) : sumSoFar), 0);
  return sum.toString(16).padStart(8, '0');
}

function isHeader(json: unknown): json is Header {
  const { k, f, s, x, l, v, n, c } = json as Partial<Header>;
  return (
    typeof k === 'string' &&
    typeof f === 'string' &&
    [s, x, l, n, c ?? 0].every(Number.isFinite) &&
    typeof v === 'object' &&
    v !== null &&
    Object.values(v).every((token) => typeof token === 'string')
  );
}
