import { CacheArgumentError } from '../errors.js';
import type { StateDigest } from './state-text.js';

/** How far a run has come: what is written in the text that is handed on. */
export interface Chain {
  readonly base: StateDigest;
  /** The base, or what stands for it and all that was written. */
  readonly root: StateDigest;
  /** By the ids of groups. */
  readonly versions: ReadonlyMap<string, StateDigest>;
}

const DIGEST_BYTES = 16;
const ID_BYTES = 8;
const HEAD_BYTES = 2 * DIGEST_BYTES;
const VERSION_BYTES = ID_BYTES + DIGEST_BYTES;
const FORM = '1.';

/**
 * The chain as a text of some 32 characters for each group that was written to: it holds digests, and neither paths nor
 * parameters.
 */
export function textOfChain({ base, root, versions }: Chain): string {
  const hex = [base, root, ...[...versions].sort().flat()].join('');
  return `${FORM}${Buffer.from(hex, 'hex').toString('base64url')}`;
}

/** Throws `CacheArgumentError` for what {@link textOfChain} has not made of a chain of that base. */
export function chainOfText(text: unknown, base: StateDigest): Chain {
  const bytes = typeof text === 'string' && text.startsWith(FORM) ? bytesOf(text.slice(FORM.length)) : null;
  if (!bytes || bytes.length < HEAD_BYTES || (bytes.length - HEAD_BYTES) % VERSION_BYTES !== 0) {
    throw new CacheArgumentError('the chain of a run is none: expected a text that CacheScope.chain() has answered');
  }
  const hex = (from: number, length: number): string => bytes.toString('hex', from, from + length);
  if (hex(0, DIGEST_BYTES) !== base) {
    throw new CacheArgumentError('the chain of a run belongs to another base: give run() the base that it began with');
  }
  const versions = new Map<string, StateDigest>();
  for (let at = HEAD_BYTES; at < bytes.length; at += VERSION_BYTES)
    versions.set(hex(at, ID_BYTES), hex(at + ID_BYTES, DIGEST_BYTES));
  return { base, root: hex(DIGEST_BYTES, DIGEST_BYTES), versions };
}

function bytesOf(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
