import { CacheArgumentError, CacheKeyError } from '../errors.js';
import { Refusal } from '../ports/refusal.js';
import { CanonicalForm } from './canonical-form.js';
import { digest } from './digest.js';
import { escapeSegment } from './escape.js';
import { partOf } from './key-part.js';

const FULL_LENGTH = 64;
const MIN_LENGTH = 16;

/** What an embedding was made with. */
export interface EmbeddingKeyOptions {
  readonly model: string;
  /** `query`, `document`, …: models that tell them apart answer differently. */
  readonly role?: string;
  readonly dimensions?: number;
}

/** What a tool's answer depends on besides its parameters. */
export interface ToolKeyOptions {
  /** Raise it when the tool's answers change their form. */
  readonly version?: string;
  /** Anything else: the caller, a working folder, the state of a sandbox. */
  readonly vary?: unknown;
}

/** What else went into a prompt. */
export interface PromptKeyOptions {
  readonly template?: unknown;
  readonly tools?: unknown;
  readonly model?: string;
}

/**
 * Deterministic keys: the same value gives the same key in every process and on every platform, different values never
 * share one. Order of properties, Map entries and Set items does not matter; types do.
 *
 * Every method throws `CacheKeyError` for a value that no key can be made of (it names the place, never the content)
 * and `CacheArgumentError` for a wrong call. No segment of a key is longer than 202 characters.
 */
export class CacheKeyGenerator {
  private readonly canonical = new CanonicalForm();

  /** `context:<task id>:<turn>`, e.g. `context:task-abc123:5`. Turn `5` and turn `'5'` differ. */
  contextKey(taskId: string, turn: number | string): string {
    mustBeString(taskId, 'taskId');
    if (typeof turn !== 'string' && !Number.isFinite(turn)) {
      throw new CacheKeyError(
        `turn is ${typeof turn === 'number' ? turn : typeof turn}: expected a finite number or a string`,
      );
    }
    return `context:${escapeSegment(taskId)}:${this.part(turn, 'turn')}`;
  }

  /** `embed:<hash>` */
  embeddingKey(text: string, of: EmbeddingKeyOptions): string {
    const { model, role, dimensions } = mustBeObject(of, 'embeddingKey() needs { model }');
    mustBeString(text, 'text');
    mustBeName(model, 'model');
    if (role !== undefined) mustBeString(role, 'role');
    if (dimensions !== undefined && !(Number.isSafeInteger(dimensions) && dimensions > 0)) {
      throw new CacheArgumentError('dimensions must be a positive integer, or left out');
    }
    return `embed:${this.hashOf({ text, model, role, dimensions }, '')}`;
  }

  /** `tool:<tool>:<hash>` */
  toolKey(tool: string, params: unknown, of: ToolKeyOptions = {}): string {
    mustBeName(tool, 'tool');
    const { version, vary } = mustBeObject(of, 'toolKey() takes { version, vary }');
    if (version !== undefined) mustBeString(version, 'version');
    return `tool:${escapeSegment(tool)}:${this.hashOf({ params, version, vary }, '')}`;
  }

  /** `prompt:<hash>` */
  promptKey(context: unknown, of: PromptKeyOptions = {}): string {
    const { template, tools, model } = mustBeObject(of, 'promptKey() takes { template, tools, model }');
    if (model !== undefined) mustBeString(model, 'model');
    return `prompt:${this.hashOf({ context, template, tools, model }, '')}`;
  }

  /**
   * `<namespace>:<part>:…`. Parts keep their type: `5` and `'5'` differ, and so do `'a:b'` and `'a', 'b'`. Strings,
   * numbers, booleans and `null` stay readable, anything else is hashed. The namespaces `context`, `tool`, `embed` and
   * `prompt` are those of the other methods and not refused: `key('context', 't', 5)` is `contextKey('t', 5)`.
   */
  key(namespace: string, ...parts: unknown[]): string {
    mustBeName(namespace, 'namespace');
    // What begins with `~` is not for entries.
    const first = escapeSegment(namespace).replace(/^~/, '%7E');
    return [first, ...parts.map((part, index) => this.part(part, `parts[${index}]`))].join(':');
  }

  /** Hex SHA-256 of the canonical form of `value`, of which the first `length` (16 to 64) digits. */
  hash(value: unknown, length = FULL_LENGTH): string {
    if (!Number.isInteger(length) || length < MIN_LENGTH || length > FULL_LENGTH) {
      throw new CacheArgumentError(`length must be an integer from ${MIN_LENGTH} to ${FULL_LENGTH}`);
    }
    return this.hashOf(value, 'value').slice(0, length);
  }

  private part(value: unknown, name: string): string {
    return partOf(value, (hashed) => this.hashOf(hashed, name));
  }

  private hashOf(value: unknown, name: string): string {
    try {
      return digest(this.canonical.of(value));
    } catch (error) {
      throw new CacheKeyError(
        `No key can be made: ${Refusal.from(error).describe(name)}. Pass plain data, such as the id of the thing.`,
      );
    }
  }
}

function mustBeString(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new CacheArgumentError(`${name} is ${typeof value}: expected a string`);
}

function mustBeName(value: unknown, name: string): void {
  mustBeString(value, name);
  if (value === '') throw new CacheArgumentError(`${name} is empty: expected a name`);
}

function mustBeObject<T extends object>(value: T, what: string): T {
  if (typeof value !== 'object' || value === null)
    throw new CacheArgumentError(`${what}: got ${value === null ? 'null' : typeof value}`);
  return value;
}
