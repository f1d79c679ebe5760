import { isPath, type Resource } from '../../../core/policy/resource.js';
import { SCOPE_LEVELS } from '../../../core/scope-key.js';
import { isWellFormed } from '../../../core/well-formed.js';

/** The longest text, in characters. */
const MAX_LENGTH = 1_024;
/** Items of a list. */
const MAX_ITEMS = 100;
/** Folders in a path: each is a version to renew. */
const MAX_FOLDERS = 64;
/** Some servers take a time that grows with every further `*`, for each key that they compare. */
const MAX_PATTERN_LENGTH = 256;
const MAX_STARS = 8;

/** An object's own fields, also those that are called `__proto__`. */
export type Fields = ReadonlyMap<string, unknown>;

/** What a field of a request may be. */
export interface Rule {
  /** For people: completes the sentence "expected …". */
  readonly expected: string;
  /** What is wrong with a value, without showing it; `null`: nothing is. */
  problemOf(value: unknown): string | null;
  /** A right value with nothing in it but what was looked at. */
  copy(value: unknown): unknown;
}

export const fieldsOf = (record: object): Fields => new Map(Object.entries(record));

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const asItIs = (value: unknown): unknown => value;

export const aText: Rule = {
  expected: `a text of 1 to ${MAX_LENGTH} characters`,
  problemOf: (value) => problemOfText(value, MAX_LENGTH),
  copy: asItIs,
};

/** Wildcards make the cost. */
export const aPattern: Rule = {
  expected: `a glob such as 'context:task-1:*' of 1 to ${MAX_PATTERN_LENGTH} characters with at most ${MAX_STARS} '*'`,
  problemOf: (value) => {
    const problem = problemOfText(value, MAX_PATTERN_LENGTH);
    if (problem !== null) return problem;
    return (value as string).split('*').length - 1 > MAX_STARS ? "a glob with too many '*'" : null;
  },
  copy: asItIs,
};

export const aFlagThatIsSet: Rule = {
  expected:
    "true beside 'pattern', which deletes whatever matches it and walks all keys of the store; where there is one, a tag, a namespace or a scope is quicker and safer",
  problemOf: (value) => (value === true ? null : kindOf(value)),
  copy: asItIs,
};

export const aResource: Rule = {
  expected:
    `{ type, id } with two texts of 1 to ${MAX_LENGTH} characters, such as { "type": "ticket", "id": "4711" }; a file is ` +
    `{ "type": "file", "id": its path }, a folder with all below it { "type": "tree", "id": its path }, with at most ` +
    `${MAX_FOLDERS} folders; everything is { "type": "*", "id": "*" }`,
  problemOf: (value) => problemOfPair(value, 'type', 'id') ?? problemOfPath(value as Resource),
  copy: (value) => picked(value, 'type', 'id'),
};

export const aScope: Rule = {
  expected: `{ level, id } with the level ${SCOPE_LEVELS.join(', ')} and a text of 1 to ${MAX_LENGTH} characters`,
  problemOf: (value) => {
    const problem = problemOfPair(value, 'level', 'id');
    if (problem !== null) return problem;
    const { level } = value as { readonly level: string };
    return (SCOPE_LEVELS as readonly string[]).includes(level) ? null : 'an object with another level';
  },
  copy: (value) => picked(value, 'level', 'id'),
};

export const listOf = (rule: Rule): Rule => ({
  expected: `an array of 1 to ${MAX_ITEMS}, each ${rule.expected}`,
  problemOf: (value) => {
    if (!Array.isArray(value)) return kindOf(value);
    if (value.length === 0 || value.length > MAX_ITEMS) return `an array of ${value.length}`;
    const problems = value.map((item) => rule.problemOf(item));
    const at = problems.findIndex((problem) => problem !== null);
    return at < 0 ? null : `an array whose item ${at} is ${problems[at]}`;
  },
  copy: (value) => (value as unknown[]).map((item) => rule.copy(item)),
});

function problemOfText(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string') return kindOf(value);
  if (value === '') return 'empty';
  if (value.length > maxLength) return `a text of ${value.length} characters`;
  return isWellFormed(value) ? null : 'no well-formed text';
}

/** Of an object with exactly these two texts. */
function problemOfPair(value: unknown, ...names: readonly [string, string]): string | null {
  if (!isRecord(value)) return kindOf(value);
  const fields = fieldsOf(value);
  const isOther = fields.size !== names.length || !names.every((name) => fields.has(name));
  if (isOther) return 'an object with other fields';
  const wrong = names.find((name) => problemOfText(fields.get(name), MAX_LENGTH) !== null);
  return wrong === undefined ? null : `an object whose '${wrong}' is ${problemOfText(fields.get(wrong), MAX_LENGTH)}`;
}

function problemOfPath(resource: Resource): string | null {
  if (!isPath(resource)) return null;
  if (resource.id.includes('\0')) return 'a path with a NUL in it';
  return resource.id.split(/[/\\]/).length > MAX_FOLDERS ? 'a path with too many folders' : null;
}

function picked(value: unknown, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (value as Record<string, unknown>)[name]]));
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
