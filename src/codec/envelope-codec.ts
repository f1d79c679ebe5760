import type { EnvelopeCodec } from '../core/ports/codec.js';
import { Compression, type Zstd } from './compression.js';
import { Encryption, type SecretKey } from './encryption.js';
import { readEnvelope, writeEnvelope } from './plain-envelope.js';

export interface EnvelopeCodecOptions {
  /** Payloads of at least so many bytes are compressed where that makes them smaller. 0: never. */
  readonly compressMinBytes: number;
  /** The first encrypts, all decrypt. Empty: nothing is encrypted, and what is encrypted does not open. */
  readonly encryptionKeys: readonly SecretKey[];
  /** A compressed payload that expands to more is not read. Default 64 MiB. */
  readonly maxExpandedBytes?: number;
  /** Where zstd comes from. Default: Node, where it has it; without it, what was compressed by zstd does not open. */
  readonly zlib?: Zstd;
}

const DEFAULT_MAX_EXPANDED_BYTES = 64 * 1024 * 1024;

/**
 * The codec of all that is stored. With keys, value, snapshot and times are encrypted and authenticated, and an
 * envelope that is not encrypted does not open. Throws `CacheArgumentError` for wrong keys.
 */
export function createEnvelopeCodec({
  compressMinBytes,
  encryptionKeys,
  maxExpandedBytes = DEFAULT_MAX_EXPANDED_BYTES,
  zlib,
}: EnvelopeCodecOptions): EnvelopeCodec {
  const compression = new Compression(compressMinBytes, maxExpandedBytes, zlib);
  const encryption = encryptionKeys.length > 0 ? new Encryption(encryptionKeys) : null;
  return {
    seal(envelope) {
      const plain = writeEnvelope(envelope, compression);
      return encryption ? encryption.seal(plain, envelope.key) : plain;
    },
    open(bytes, key) {
      try {
        const plain = encryption ? encryption.open(bytes, key) : bytes;
        return plain && readEnvelope(plain, key, compression);
      } catch {
        return null;
      }
    },
  };
}
