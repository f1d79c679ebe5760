import type { EnvelopeCodec } from '../core/ports/codec.js';
import { Compression, type Zstd } from './compression.js';
import { Encryption, type SecretKey } from './encryption.js';
import { MAX_HEADER_BYTES, readEnvelope, writeEnvelope } from './plain-envelope.js';

export interface EnvelopeCodecOptions {
  /** Payloads of at least so many bytes are compressed where that makes them smaller. 0: never. */
  readonly compressMinBytes: number;
  /** The first encrypts, all decrypt. Empty: nothing is encrypted, and what is encrypted does not open. */
  readonly encryptionKeys: readonly SecretKey[];
  /** A payload of more bytes is not read, compressed or not. Default: no bound. */
  readonly maxPayloadBytes?: number;
  /** A compressed payload that expands to more is not read either. Default 64 MiB. */
  readonly maxExpandedBytes?: number;
  /** Where zstd comes from. Default: Node, where it has it; without it, what was compressed by zstd does not open. */
  readonly zlib?: Zstd;
}

const DEFAULT_MAX_EXPANDED_BYTES = 64 * 1024 * 1024;
/** What is stored besides the payload: a header, and what encryption adds. */
const MAX_OVERHEAD_BYTES = MAX_HEADER_BYTES + 1024;

/**
 * The codec of all that is stored. With keys, value, snapshot and times are encrypted and authenticated, and an
 * envelope that is not encrypted does not open. Throws `CacheArgumentError` for wrong keys.
 */
export function createEnvelopeCodec({
  compressMinBytes,
  encryptionKeys,
  maxPayloadBytes = Infinity,
  maxExpandedBytes = DEFAULT_MAX_EXPANDED_BYTES,
  zlib,
}: EnvelopeCodecOptions): EnvelopeCodec {
  const compression = new Compression(compressMinBytes, Math.min(maxPayloadBytes, maxExpandedBytes), zlib);
  const encryption = encryptionKeys.length > 0 ? new Encryption(encryptionKeys) : null;
  return {
    seal(envelope) {
      const plain = writeEnvelope(envelope, compression);
      return encryption ? encryption.seal(plain, envelope.key) : plain;
    },
    open(bytes, key) {
      if (bytes.length > maxPayloadBytes + MAX_OVERHEAD_BYTES) return null;
      try {
        const plain = encryption ? encryption.open(bytes, key) : bytes;
        return plain && readEnvelope(plain, key, compression);
      } catch {
        return null;
      }
    },
  };
}
