import { ask, type Hook } from '../calls/caching-options.js';
import { keyableArgs } from '../calls/key-parts.js';
import type { MethodCall } from '../calls/method-policy.js';
import { isPlainObject } from '../options/plain-object.js';

/** The texts of one call of an embedder, and where among the arguments they stood. */
export interface TextBatch {
  readonly texts: readonly string[];
  /** `false`: one text, answered with one vector. */
  readonly isMany: boolean;
  /** What went in besides the texts, each argument in its place; `undefined`: nothing. */
  readonly rest: unknown;
  /** The arguments with other texts in the place of these; `null` where that place is not known. */
  withTexts(texts: readonly string[]): readonly unknown[] | null;
}

type Place = { readonly index: number; readonly field: string | null };

/** `null`: what is to be embedded is no text and no array of texts. */
export function textBatchOf(call: MethodCall, hook: Hook<never, never, unknown> | undefined): TextBatch | null {
  const given = hook ? ask(call, hook) : call.args[0];
  const texts: unknown = typeof given === 'string' ? [given] : given;
  if (!isTextArray(texts)) return null;
  const place = hook ? placeOf(given, call.args) : { index: 0, field: null };
  return {
    // The array is the caller's, who may change it.
    texts: [...texts],
    isMany: typeof given !== 'string',
    rest: restOf(call.args, place),
    withTexts: (others) => place && replaced(call.args, place, typeof given === 'string' ? others[0] : others),
  };
}

const isTextArray = (value: unknown): value is readonly string[] => {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
};

/** The argument that `given` is, or the field of an argument that holds it. */
function placeOf(given: unknown, args: readonly unknown[]): Place | null {
  for (const [index, arg] of args.entries()) {
    if (arg === given) return { index, field: null };
    const field = isPlainObject(arg) ? Object.keys(arg).find((name) => arg[name] === given) : undefined;
    if (field !== undefined) return { index, field };
  }
  return null;
}

function replaced(args: readonly unknown[], { index, field }: Place, value: unknown): unknown[] {
  return args.with(index, field === null ? value : { ...(args[index] as object), [field]: value });
}

function restOf(args: readonly unknown[], place: Place | null): unknown {
  const others = place ? replaced(args, place, undefined) : [...args];
  const rest = keyableArgs(others);
  return rest.every(isNothing) ? undefined : rest;
}

const isNothing = (arg: unknown): boolean => {
  return arg === undefined || (isPlainObject(arg) && Object.values(arg).every((value) => value === undefined));
};
