import { ToolError } from './tool-error.js';

/** One input of a tool. `read` answers its value, or says what was expected. */
export interface Field<T> {
  readonly description: string;
  read(value: unknown): { readonly value: T } | { readonly expected: string };
}

export type InputSchema = Readonly<Record<string, Field<unknown>>>;
export type InputOf<S extends InputSchema> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

/** Text of at most `maxLength` characters (default 1,024). Required, unless there is a `fallback`. */
export function text(
  description: string,
  {
    maxLength = 1_024,
    mayBeEmpty = false,
    fallback,
  }: { maxLength?: number; mayBeEmpty?: boolean; fallback?: string } = {},
): Field<string> {
  const expected = `${mayBeEmpty ? 'text' : 'a non-empty text'} of at most ${maxLength} characters`;
  return {
    description,
    read: (value = fallback) =>
      typeof value === 'string' && value.length <= maxLength && (mayBeEmpty || value !== '') ? { value } : { expected },
  };
}

/** A whole number from `min` to `max`. */
export function integer(
  description: string,
  { min, max, fallback }: { min: number; max: number; fallback: number },
): Field<number> {
  return {
    description,
    read: (value = fallback) =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max
        ? { value: value as number }
        : { expected: `a whole number from ${min} to ${max}` },
  };
}

/** The inputs as the schema has them. Throws one `INVALID_INPUT` that names everything that is wrong. */
export function readInput<S extends InputSchema>(
  tool: string,
  schema: S,
  params: Readonly<Record<string, unknown>>,
): InputOf<S> {
  const problems = Object.keys(params)
    .filter((name) => !Object.hasOwn(schema, name))
    .map((name) => `'${name}' is no input of it (it takes ${Object.keys(schema).join(', ')})`);
  const input: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema)) {
    const reading = field.read(Object.hasOwn(params, name) ? params[name] : undefined);
    if ('value' in reading) input[name] = reading.value;
    else problems.push(`'${name}' must be ${reading.expected}`);
  }
  if (problems.length > 0) throw new ToolError('INVALID_INPUT', `${tool}: ${problems.join('; ')}`);
  return input as InputOf<S>;
}
