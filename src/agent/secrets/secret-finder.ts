import { kindOf } from '../../core/ports/value-kind.js';
import { MASK, QUOTED_FIELD, SECRET_FIELDS, SECRET_FORMS } from './secret-forms.js';

/** What counts as a credential besides the known names of fields and forms of texts. */
export interface SecretOptions {
  /** Further names of fields whose texts are credentials. Compared as a whole, without case, `-` and `_`. */
  readonly fields?: readonly string[];
  /** Known names of fields that hold none in this app, such as `token` where that is a word of a text. */
  readonly allowFields?: readonly string[];
  /**
   * Further forms that a text, or a part of it, has that is a credential. They see every text that goes into a cached call
   * or comes out of it, so they must be quick on any text.
   */
  readonly patterns?: readonly RegExp[];
}

/** No form of a credential is shorter. */
const MIN_LENGTH = 7;
/** Deeper than anything that is stored. */
const MAX_DEPTH = 1_000;

/** Finds what looks like a credential in arguments and results. Never throws. */
export class SecretFinder {
  private readonly fields: ReadonlySet<string>;
  private readonly forms: readonly RegExp[];
  /** By names as they are written: as many as programs have, and no more than a bound. */
  private readonly judged = new Map<string, boolean>();

  constructor({ fields = [], allowFields = [], patterns = [] }: SecretOptions = {}) {
    const allowed = new Set(allowFields.map(plainName));
    const names = [...SECRET_FIELDS, ...fields].map(plainName);
    this.fields = new Set(names.filter((name) => !allowed.has(name)));
    this.forms = [...SECRET_FORMS, ...patterns.map(stateless)];
  }

  /** Whether there is one anywhere in `value`. What cannot be read is not stored anyway. */
  isIn(value: unknown): boolean {
    try {
      return this.find(value, new Set(), 0);
    } catch {
      return false;
    }
  }

  /** Whether there is one in `pieces`, or in a text that was cut into them. */
  isInPieces(pieces: readonly unknown[]): boolean {
    if (this.isIn(pieces)) return true;
    if (pieces.length < 2) return false;
    try {
      return [...joined(pieces).values()].some((text) => this.isText(text));
    } catch {
      return false;
    }
  }

  private find(value: unknown, seen: Set<object>, depth: number): boolean {
    if (typeof value === 'string') return this.isText(value);
    if (typeof value !== 'object' || value === null || seen.has(value)) return false;
    if (depth > MAX_DEPTH) return true;
    seen.add(value);
    if (Array.isArray(value)) return value.some((item) => this.find(item, seen, depth + 1));
    switch (kindOf(value)) {
      case 'map':
        return [...(value as Map<unknown, unknown>)].some(([name, item]) => this.findIn(name, item, seen, depth));
      case 'set':
        return [...(value as Set<unknown>)].some((item) => this.find(item, seen, depth + 1));
      case 'buffer':
        return this.isText((value as Buffer).toString('latin1'));
      case 'typed-array':
        return value instanceof Uint8Array && this.isText(Buffer.from(value).toString('latin1'));
      case 'date':
        return false;
      default:
        return this.findInObject(value as Record<string, unknown>, seen, depth);
    }
  }

  private findInObject(value: Record<string, unknown>, seen: Set<object>, depth: number): boolean {
    for (const name of Object.keys(value)) if (this.findIn(name, value[name], seen, depth)) return true;
    return typeof value.toJSON === 'function' && this.find((value.toJSON as () => unknown)(), seen, depth + 1);
  }

  private findIn(name: unknown, value: unknown, seen: Set<object>, depth: number): boolean {
    if (typeof name !== 'string') return this.find(name, seen, depth + 1) || this.find(value, seen, depth + 1);
    if (this.isField(name) && isCredential(value)) return true;
    return (name.length > 40 && this.isText(name)) || this.find(value, seen, depth + 1);
  }

  private isField(name: string): boolean {
    const known = this.judged.get(name);
    if (known !== undefined) return known;
    const isSecret = this.fields.has(plainName(name));
    if (this.judged.size < 2_000 && name.length <= 64) this.judged.set(name, isSecret);
    return isSecret;
  }

  private isText(text: string): boolean {
    if (text.length < MIN_LENGTH) return false;
    for (const form of this.forms) if (form.test(text)) return true;
    // A short text has no room for a field with its name and its value.
    if (text.length < 12 || !text.includes(':')) return false;
    for (const [, name = '', value] of text.matchAll(QUOTED_FIELD)) {
      if (this.isField(name) && isCredential(value)) return true;
    }
    return false;
  }
}

/** Texts alone: the number of tokens of an answer is none. */
function isCredential(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isCredential);
  return typeof value === 'string' && value.trim() !== '' && !MASK.test(value.trim());
}

function plainName(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase();
}

/** Flags under which an expression remembers where it was, or looks in one place only, are left out. */
function stateless({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''));
}

/** The texts that pieces hold in the same place, put together. */
function joined(pieces: readonly unknown[]): Map<string, string> {
  const texts = new Map<string, string>();
  const add = (value: unknown, place: string, depth: number): void => {
    const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
    if (typeof text === 'string') texts.set(place, (texts.get(place) ?? '') + text);
    else if (typeof value === 'object' && value !== null && depth < 6) {
      for (const [name, item] of Object.entries(value)) add(item, `${place}.${name}`, depth + 1);
    }
  };
  for (const piece of pieces) add(piece, '', 0);
  return texts;
}
