import { crc32 } from 'node:zlib';
import type { Envelope, Snapshot } from '../core/ports/codec.js';
import type { Compression, CompressionName } from './compression.js';
import { firstLineOf, MAGIC } from './first-line.js';

/** Bytes of a header, and groups in it. What has more is neither written nor read: who reads asks for every group. */
export const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_GROUPS = 10_000;

/** Not named in what is stored. */
const DEFAULT_COMPRESSION: CompressionName = 'gzip';

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
  /** bytes of the payload before it was compressed; absent where it is not */
  readonly c?: number;
  /** how it was compressed; absent for gzip */
  readonly z?: CompressionName;
}

/**
 * An envelope as bytes: `ac1 <checksum> <header>`, a line feed, the payload. The checksum is the CRC-32 of header, line
 * feed and payload in 8 hex digits: it finds what was cut or flipped, and is no protection against forgery. Throws where the
 * header is too large.
 */
export function writeEnvelope(envelope: Envelope, compression: Compression): Buffer {
  const { key: k, encoded, storedAtMs: s, expiresAtMs: x, loadMs: l, snapshot: v } = envelope;
  const compressed = compression.compress(encoded.bytes);
  const payload = compressed?.bytes ?? encoded.bytes;
  const n = payload.length;
  const how = compressed && {
    c: encoded.bytes.length,
    ...(compressed.by !== DEFAULT_COMPRESSION && { z: compressed.by }),
  };
  const header: Header = { k, f: encoded.format, s, x, l, v, n, ...how };
  const text = Buffer.from(`${JSON.stringify(header)}\n`);
  if (text.length > MAX_HEADER_BYTES || Object.keys(v).length > MAX_GROUPS) throw new RangeError('too many groups');
  return Buffer.concat([Buffer.from(`${MAGIC} ${checksumOf(text, payload)} `), text, payload]);
}

/**
 * The envelope for `key`; `'foreign'`: a whole one for another key; `null`: another form, cut or altered. May throw in
 * place of `null`.
 */
export function readEnvelope(stored: Buffer, key: string, compression: Compression): Envelope | 'foreign' | null {
  const line = firstLineOf(stored, MAX_HEADER_BYTES);
  if (!line || line.mark !== checksumOf(stored.subarray(line.textAt))) return null;
  const header: unknown = JSON.parse(line.text);
  const payload = stored.subarray(line.restAt);
  if (!isHeader(header) || header.n !== payload.length) return null;
  if (header.k !== key) return 'foreign';
  const { f: format, s: storedAtMs, x: expiresAtMs, l: loadMs, v: snapshot, c, z: by = DEFAULT_COMPRESSION } = header;
  const bytes = c === undefined ? payload : compression.expand({ by, bytes: payload }, c);
  return { key, encoded: { format, bytes }, storedAtMs, expiresAtMs, snapshot, loadMs };
}

/** Of the header and of what follows it, if that is not with it: as the text that stands in front of them. */
function checksumOf(header: Buffer, rest?: Buffer): string {
  const sum = crc32(header);
  // Of no bytes, Node 20 and 22 answer 0 in place of the sum so far.
  const whole = rest && rest.length > 0 ? crc32(rest, sum) : sum;
  return whole.toString(16).padStart(8, '0');
}

function isHeader(json: unknown): json is Header {
  const { k, f, s, x, l, v, n, c = 0 } = json as Partial<Header>;
  if (typeof k !== 'string' || typeof f !== 'string' || typeof v !== 'object' || v === null) return false;
  if (!(isAmount(s) && isAmount(x) && isAmount(l) && isAmount(n) && isAmount(c))) return false;
  let count = 0;
  for (const group in v) if (typeof v[group] !== 'string' || ++count > MAX_GROUPS) return false;
  return true;
}

/** What clocks and lengths never answer would go on into metrics and headers. */
const isAmount = (number: unknown): boolean =>
  typeof number === 'number' && number >= 0 && number <= Number.MAX_SAFE_INTEGER;
