import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { EncryptionKey } from '../policy/options.js';
import { TextMemo } from '../policy/text-memo.js';

/**
 * What things are called in the store. The only place where an id becomes a part of a storage key: everybody else takes
 * storage keys as they are. Different things never share a name, and neither do two prefixes.
 */
export interface StoreNames {
  /** What the names of versions begin with, and no others. */
  readonly versionPrefix: string;
  /** `suffix`: what keeps variants, states and scopes of one key apart; empty, or begins with `:`. */
  entryKeyOf(key: string, suffix: string): string;
  versionKeyOf(group: string): string;
  /** A glob for the names of at least all entries whose key, with its suffix, matches `glob`; `null`: only all entries do. */
  patternOf(glob: string): string | null;
}

/** What the keys of versions begin with, and no others, under the prefix of a cache. */
export const versionPrefixOf = (prefix: string): string => `${prefix}:~v:`;

/** Names that people can read, or, where there are keys to encrypt with, names that tell nothing. */
export function storeNamesOf({
  prefix,
  encryptionKeys = [],
}: {
  readonly prefix: string;
  readonly encryptionKeys?: readonly EncryptionKey[];
}): StoreNames {
  const last = encryptionKeys.at(-1);
  return last ? new HiddenNames(prefix, last.key) : new PlainNames(prefix);
}

/** The ids themselves, behind the prefix. */
class PlainNames implements StoreNames {
  readonly versionPrefix: string;
  private readonly entryPrefix: string;

  constructor(prefix: string) {
    this.versionPrefix = versionPrefixOf(prefix);
    this.entryPrefix = `${prefix}:`;
  }

  entryKeyOf(key: string, suffix: string): string {
    return `${this.entryPrefix}${key}${suffix}`;
  }

  versionKeyOf(group: string): string {
    return this.versionPrefix + group;
  }

  /** The prefix holds no glob characters itself. */
  patternOf(glob: string): string {
    return this.entryPrefix + glob;
  }
}

/** 132 bits, in letters that no glob and no hash tag of a cluster is made of. */
const NAME_LENGTH = 22;
/** Names that are remembered of each kind: made for each hit in memory, they would nearly double what it takes. */
const MAX_REMEMBERED = 16_384;
const MAX_REMEMBERED_LENGTH = 512;

/**
 * HMAC-SHA-256 of the ids, under a key that is derived from the last one of those for encryption and the prefix: so a new
 * key in front of the list changes no name. Who has no key can neither read an id nor find out whether a guess is right.
 *
 * The name of an entry is that of its first segment, by which patterns find it, and that of the whole.
 */
class HiddenNames implements StoreNames {
  readonly versionPrefix: string;
  private readonly secret: KeyObject;
  private readonly segments = this.remembered((segment) => `${this.prefix}:${this.nameOf('segment', segment)}:`);
  private readonly entries = this.remembered(
    (text) => this.segments.of(firstSegmentOf(text)) + this.nameOf('entry', text),
  );
  private readonly versions = this.remembered((group) => this.versionPrefix + this.nameOf('version', group));

  constructor(
    private readonly prefix: string,
    key: Buffer,
  ) {
    this.versionPrefix = versionPrefixOf(prefix);
    this.secret = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `nestjs-agent-cache names ${prefix}`, 32)));
  }

  entryKeyOf(key: string, suffix: string): string {
    return this.entries.of(key + suffix);
  }

  versionKeyOf(group: string): string {
    return this.versions.of(group);
  }

  patternOf(glob: string): string | null {
    const segment = literalSegmentOf(glob);
    return segment === null ? null : `${this.segments.of(segment)}*`;
  }

  /** UTF-16 tells texts apart that have no UTF-8 of their own. */
  private nameOf(kind: string, text: string): string {
    const hmac = createHmac('sha256', this.secret).update(`${kind}:${text}`, 'utf16le');
    return hmac.digest('base64url').slice(0, NAME_LENGTH);
  }

  private remembered(make: (text: string) => string): TextMemo<string> {
    return new TextMemo(make, MAX_REMEMBERED, MAX_REMEMBERED_LENGTH);
  }
}

function firstSegmentOf(text: string): string {
  const end = text.indexOf(':');
  return end < 0 ? text : text.slice(0, end);
}

/** The text before the first `:` that a glob matches; `null`: it may match several. */
function literalSegmentOf(glob: string): string | null {
  let segment = '';
  for (let at = 0; at < glob.length; at++) {
    const isEscaped = glob[at] === '\\' && at + 1 < glob.length;
    const character = glob[isEscaped ? ++at : at] as string;
    if (character === ':') return segment;
    if (!isEscaped && '*?['.includes(character)) return null;
    segment += character;
  }
  return segment;
}
