import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two digests of equal length are the same, in a time that does not depend on where they differ. */
type Equal = (one: Uint8Array, other: Uint8Array) => boolean;

/** The tokens that open the HTTP endpoints for administration. Only their digests are kept, and not shown. */
export class AdminTokens {
  readonly #digests: readonly Buffer[];
  readonly #equal: Equal;

  constructor(tokens: readonly string[], equal: Equal = timingSafeEqual) {
    this.#digests = tokens.map(digestOf);
    this.#equal = equal;
  }

  get isEmpty(): boolean {
    return this.#digests.length === 0;
  }

  /**
   * Whether it is one of the tokens. Digests have one length, and each is compared, also after a match: how long it takes
   * tells neither how much of a token is right, nor which token it is.
   */
  accepts(token: string): boolean {
    const digest = digestOf(token);
    return this.#digests.map((known) => this.#equal(known, digest)).includes(true);
  }
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
