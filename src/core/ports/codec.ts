/** A value as bytes, with the name of the form they have. */
export interface EncodedValue {
  /** Which value format wrote `bytes`, e.g. `json`. */
  readonly format: string;
  readonly bytes: Buffer;
}

/** What a codec makes of a value; `reason` says what cannot be kept and where, never its content. */
export type Encoding =
  { readonly ok: true; readonly encoded: EncodedValue } | { readonly ok: false; readonly reason: string };
/** What a codec makes of bytes; `ok: false`: they are not what it wrote. */
export type Decoding = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/**
 * Turns values into bytes and back so that `decode(encode(v))` is deep-equal to `v`, types included, and shares nothing
 * with it. A value for which that cannot be kept is refused with a reason that names its place, never its content.
 */
export interface ValueCodec {
  /** Does not change `value`. */
  encode(value: unknown): Encoding;
  /** Never throws: foreign or cut bytes are `ok: false`. */
  decode(encoded: EncodedValue): Decoding;
  /** A private copy of what `decode` answered; faster than decoding again. */
  copy(value: unknown): unknown;
}

/** Version tokens that an entry was made under: group id → token. */
export type Snapshot = Readonly<Record<string, string>>;

/** Everything that is stored under one key. */
export interface Envelope {
  /** The storage key it was written for: an envelope found under another key is foreign. */
  readonly key: string;
  readonly encoded: EncodedValue;
  /** Milliseconds since 1970. */
  readonly storedAtMs: number;
  /** Milliseconds since 1970; from then on the entry is stale. */
  readonly expiresAtMs: number;
  readonly snapshot: Snapshot;
  /** How long the load took, in milliseconds; of a batch, the entry's share. */
  readonly loadMs: number;
}

export interface EnvelopeCodec {
  seal(envelope: Envelope): Buffer;
  /**
   * `'foreign'`: a whole envelope of this version that was written for another key, where that can be told. `null`: anything
   * else that is no envelope for `key`: cut, altered, of another version. Never throws.
   */
  open(bytes: Buffer, key: string): Envelope | 'foreign' | null;
}
