import { BadRequestException } from '@nestjs/common';
import type { InvalidationTarget } from '../../../core/policy/cache-policy.js';
import type { ScopeValues } from '../../../core/policy/scope.js';
import { SCOPE_LEVELS } from '../../../core/scope-key.js';
import {
  aFlagThatIsSet,
  aPattern,
  aResource,
  aScope,
  aText,
  fieldsOf,
  isRecord,
  listOf,
  type Fields,
  type Rule,
} from './request-rules.js';

/** What `POST /cache/invalidate` was asked for. */
export interface InvalidateRequest {
  readonly form: string;
  readonly target: InvalidationTarget;
  /** Ids that the entry is kept apart by; none: it is shared by everybody. Empty for all forms but `key`. */
  readonly scope: ScopeValues;
}

interface Form {
  readonly rule: Rule;
  /** Names that may stand beside it. */
  readonly beside?: readonly string[];
}

const FORMS: Readonly<Record<string, Form>> = {
  key: { rule: aText, beside: SCOPE_LEVELS },
  tag: { rule: aText },
  tags: { rule: listOf(aText) },
  resource: { rule: aResource },
  resources: { rule: listOf(aResource) },
  context: { rule: aText },
  namespace: { rule: aText },
  scope: { rule: aScope },
  pattern: { rule: aPattern, beside: ['allowPattern'] },
};
const NAMES = Object.keys(FORMS);

/**
 * Reads the body of `POST /cache/invalidate`, which may be anything. Throws `BadRequestException` that says what is wrong
 * with it, what is expected and what to do; it shows nothing of what was sent.
 */
export function readInvalidateBody(body: unknown): InvalidateRequest {
  const expected = `a JSON object with exactly one of ${NAMES.join(', ')}`;
  if (!isRecord(body)) throw wrong('The body', 'no JSON object', expected);
  const fields = fieldsOf(body);
  const [form, ...others] = NAMES.filter((name) => fields.has(name));
  if (form === undefined || others.length > 0) {
    const found = form === undefined ? 'none of the forms' : [form, ...others].join(' and ');
    throw wrong('The body', `an object with ${found}`, expected);
  }
  const { rule, beside = [] } = FORMS[form] as Form;
  assertKnown('The body', fields, [form, ...beside]);
  const value = checked(form, fields.get(form), rule);
  if (form === 'pattern') assertPatternIsAllowed(fields);
  return { form, target: { [form]: value } as unknown as InvalidationTarget, scope: scopeIn(fields, beside) };
}

/** Reads the query of `GET /cache/explain`. Throws as {@link readInvalidateBody} does. */
export function readExplainQuery(query: unknown): { readonly key: string; readonly scope: ScopeValues } {
  const fields = isRecord(query) ? fieldsOf(query) : new Map<string, unknown>();
  assertKnown('The query', fields, ['key', ...SCOPE_LEVELS]);
  return { key: checked('key', fields.get('key'), aText) as string, scope: scopeIn(fields, SCOPE_LEVELS) };
}

/** A pattern may match more than was meant, and walks all keys of the store. */
function assertPatternIsAllowed(fields: Fields): void {
  checked('allowPattern', fields.get('allowPattern'), aFlagThatIsSet);
}

function scopeIn(fields: Fields, allowed: readonly string[]): ScopeValues {
  const levels = SCOPE_LEVELS.filter((level) => allowed.includes(level) && fields.has(level));
  return Object.fromEntries(levels.map((level) => [level, checked(level, fields.get(level), aText) as string]));
}

/** Names are not shown either: whoever mixes up a value and a name would find it in the log of a proxy. */
function assertKnown(what: string, fields: Fields, known: readonly string[]): void {
  const unknown = [...fields.keys()].filter((name) => !known.includes(name)).length;
  if (unknown > 0)
    throw wrong(what, `with ${unknown} unknown field${unknown > 1 ? 's' : ''}`, `none but ${known.join(', ')}`);
}

function checked(name: string, value: unknown, rule: Rule): unknown {
  const found = rule.problemOf(value);
  if (found !== null) throw wrong(`'${name}'`, found, rule.expected);
  return rule.copy(value);
}

const wrong = (what: string, found: string, expected: string): BadRequestException =>
  new BadRequestException(`${what} is ${found}: expected ${expected}`);
