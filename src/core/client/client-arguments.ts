import { CacheArgumentError } from '../errors.js';
import { toMs } from '../policy/duration.js';
import { isWellFormed } from '../well-formed.js';

/** First character of the keys that the cache keeps for itself, such as version tokens. */
const RESERVED = '~';

/** A key as the caller names it, and as the store does. */
export interface ClientKey {
  readonly name: string;
  readonly storageKey: string;
}

/** Turns arguments of client calls into what a store takes. Each method throws `CacheArgumentError` for a wrong one. */
export class ClientArguments {
  constructor(
    private readonly options: { readonly prefix: string; readonly defaultTtlMs: number; readonly maxTtlMs: number },
  ) {}

  key(key: unknown): ClientKey {
    if (typeof key !== 'string') throw wrong('key', kindOf(key), 'a text');
    if (key === '') throw wrong('key', 'empty', 'at least one character');
    if (!isWellFormed(key)) throw wrong('key', 'no valid Unicode text', 'one without lone surrogates');
    if (key.startsWith(RESERVED)) throw wrong('key', 'reserved', `one that does not begin with '${RESERVED}'`);
    return { name: key, storageKey: `${this.options.prefix}:${key}` };
  }

  keys(keys: unknown): ClientKey[] {
    if (!Array.isArray(keys)) throw wrong('keys', kindOf(keys), 'an array of texts');
    return Array.from(keys, (key) => this.key(key));
  }

  entries(entries: unknown): (readonly [ClientKey, string])[] {
    if (!Array.isArray(entries)) throw wrong('entries', kindOf(entries), 'an array of [key, text]');
    return Array.from(entries, (entry: unknown) => {
      if (!Array.isArray(entry)) throw wrong('an entry', kindOf(entry), '[key, text]');
      return [this.key(entry[0]), this.text(entry[1])];
    });
  }

  text(value: unknown): string {
    if (typeof value === 'string') return value;
    throw wrong('value', kindOf(value), 'a text; setJson and setBytes take anything else');
  }

  bytes(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    throw wrong('value', kindOf(value), 'a Uint8Array or a Buffer');
  }

  integer(by: unknown): number {
    if (Number.isSafeInteger(by)) return by as number;
    throw wrong('by', typeof by === 'number' ? String(by) : kindOf(by), 'a safe integer');
  }

  pattern(pattern: unknown): string {
    if (typeof pattern !== 'string') throw wrong('pattern', kindOf(pattern), 'a text');
    if (pattern === '') throw wrong('pattern', 'empty', "a glob such as 'session:*'");
    if (!isWellFormed(pattern)) throw wrong('pattern', 'no valid Unicode text', 'one without lone surrogates');
    return pattern;
  }

  /** Milliseconds; `undefined` is the default. */
  ttlMs(ttl: unknown): number {
    return Math.min(ttl === undefined ? this.options.defaultTtlMs : toMs(ttl, 'ttl'), this.options.maxTtlMs);
  }
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}

const wrong = (what: string, found: string, expected: string): CacheArgumentError =>
  new CacheArgumentError(`${what} is ${found}: expected ${expected}`);
