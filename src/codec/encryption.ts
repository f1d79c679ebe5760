import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CacheArgumentError } from '../core/errors.js';
import { firstLineOf, MAGIC } from './first-line.js';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MARK = 'gcm';
/** Names of keys are short. */
const MAX_LINE_BYTES = 256;

/** A key for AES-256-GCM. */
export interface SecretKey {
  /** Names the key in what it encrypted. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/**
 * Encrypts with the first key and decrypts with any. The form is `ac1 gcm {"e":"<key id>","n":"<nonce>"}`, a line feed,
 * then the ciphertext and its 16 bytes of tag. That line and the name that bytes are sealed under are authenticated: under
 * another name, or with anything altered, they do not open.
 */
export class Encryption {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly current: SecretKey;

  /** Throws `CacheArgumentError` without a key, for a key of another length than 32 bytes, or two of one id. */
  constructor(keys: readonly SecretKey[]) {
    const [current] = keys;
    this.keys = new Map(keys.map(({ id, key }) => [id, key]));
    if (!current || this.keys.size < keys.length || keys.some(({ key }) => key.length !== KEY_BYTES)) {
      throw new CacheArgumentError(
        `encryption needs one or more keys of ${KEY_BYTES} bytes, each with an id of its own`,
      );
    }
    this.current = current;
  }

  seal(plain: Buffer, name: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const line = Buffer.from(
      `${MAGIC} ${MARK} ${JSON.stringify({ e: this.current.id, n: nonce.toString('base64') })}\n`,
    );
    const cipher = createCipheriv(ALGORITHM, this.current.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.concat([line, Buffer.from(name)]));
    return Buffer.concat([line, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** `null`: not encrypted, or with a key that is not known. Throws where bytes or name are not what was sealed. */
  open(sealed: Buffer, name: string): Buffer | null {
    const line = firstLineOf(sealed, MAX_LINE_BYTES);
    if (line?.mark !== MARK) return null;
    const { e: id, n: nonce } = JSON.parse(line.text) as { e?: unknown; n?: unknown };
    const key = typeof id === 'string' ? this.keys.get(id) : undefined;
    if (!key || typeof nonce !== 'string') return null;
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(nonce, 'base64'), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.concat([sealed.subarray(0, line.restAt), Buffer.from(name)]));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(line.restAt, -TAG_BYTES)), decipher.final()]);
  }
}
