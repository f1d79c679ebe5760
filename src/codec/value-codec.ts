import type { ValueCodec } from '../core/ports/codec.js';

/** Skeleton, so that the rest can run meanwhile: plain JSON only. To be replaced. */
export function createValueCodec(): ValueCodec {
  return {
    encode: (value) => {
      if (Array.isArray(value) && value[0] instanceof Float32Array) return { ok: false, reason: 'skeleton' };
      const text = typeof value === 'function' ? undefined : JSON.stringify(value);
      return text === undefined ? { ok: false, reason: 'skeleton' } : { ok: true, encoded: { format: 'json', bytes: Buffer.from(text) } };
    },
    decode: (encoded) => ({ ok: true, value: JSON.parse(encoded.bytes.toString()) as unknown }),
  };
}
