import type { Decoding, EncodedValue, Encoding, ValueCodec } from './ports/codec.js';

/** A copy, which may be of `undefined`; `null`: none can be made. */
export type Copied = { readonly value: unknown } | null;

/**
 * The cache's own codec, and those that policies bring along. What one of these throws, against its contract, is taken for
 * a value that it cannot handle.
 */
export class ValueCodecs {
  constructor(private readonly own: ValueCodec) {}

  encode(value: unknown, codec = this.own): Encoding {
    if (value === undefined) return { ok: false, reason: 'undefined is never stored' };
    try {
      return codec.encode(value);
    } catch {
      return { ok: false, reason: 'the codec could not read it' };
    }
  }

  decode(encoded: EncodedValue, codec = this.own): Decoding {
    try {
      return codec.decode(encoded);
    } catch {
      return { ok: false, reason: 'the codec could not read it' };
    }
  }

  /** A private copy of what `codec` has decoded. */
  copy(value: unknown, codec = this.own): Copied {
    try {
      return { value: codec.copy(value) };
    } catch {
      return null;
    }
  }
}
