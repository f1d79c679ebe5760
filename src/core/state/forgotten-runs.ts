import { stateDigest } from './state-text.js';

/** 1 MB: of a million forgotten runs, some 2 in 100 others are taken for one of them. */
const BIT_COUNT = 2 ** 23;
const HASH_COUNT = 4;

/** Which runs were forgotten though they had written. May name one that was not; never leaves one out. */
export class ForgottenRuns {
  /** A Bloom filter; made when it is first needed. */
  private bits: Uint8Array | null = null;

  add(id: string): void {
    this.bits ??= new Uint8Array(BIT_COUNT / 8);
    for (const bit of bitsOf(id)) this.bits[bit >>> 3] = (this.bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  has(id: string): boolean {
    const { bits } = this;
    return bits !== null && bitsOf(id).every((bit) => ((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0);
  }
}

function bitsOf(id: string): number[] {
  const hex = stateDigest('forgotten', id);
  return Array.from(
    { length: HASH_COUNT },
    (_, index) => parseInt(hex.slice(index * 8, index * 8 + 8), 16) % BIT_COUNT,
  );
}
