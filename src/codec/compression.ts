import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** The fastest: it already gains most of what there is to gain. */
const LEVEL = 1;

/** Makes payloads smaller where that is worth it. */
export class Compression {
  /** Payloads from `minBytes` on are compressed; 0: none. What inflates to more than `maxInflatedBytes` is not read. */
  constructor(
    private readonly minBytes: number,
    private readonly maxInflatedBytes: number,
  ) {}

  /** `null`: better left as it is. */
  deflate(payload: Buffer): Buffer | null {
    const isWorthIt = this.minBytes > 0 && payload.length >= this.minBytes && payload.length <= this.maxInflatedBytes;
    const deflated = isWorthIt ? deflateRawSync(payload, { level: LEVEL }) : payload;
    return deflated.length < payload.length ? deflated : null;
  }

  /** Throws unless `deflated` inflates to exactly `length` bytes; never takes more memory than that. */
  inflate(deflated: Buffer, length: number): Buffer {
    if (length > this.maxInflatedBytes) throw new RangeError('inflates to more than is allowed');
    const payload = inflateRawSync(deflated, { maxOutputLength: length });
    if (payload.length !== length) throw new RangeError('inflates to less than was stored');
    return payload;
  }
}
