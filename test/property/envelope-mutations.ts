import type { Random } from '../race/random.js';

/** Whole envelopes, of which parts are taken. */
export type Others = readonly Buffer[];

type Mutation = (bytes: Buffer, random: Random, others: Others) => Buffer;

const at = (bytes: Buffer, random: Random): number => random.integer(0, Math.max(0, bytes.length - 1));
const span = (bytes: Buffer, random: Random): readonly [number, number] => {
  const from = at(bytes, random);
  return [from, Math.min(bytes.length, from + random.integer(1, 40))];
};
const byte = (random: Random): Buffer => Buffer.from([random.integer(0, 255)]);

/** Replaces one of the places that match, as text of one byte a character. */
function replaceOne(bytes: Buffer, pattern: RegExp, random: Random, by: (found: string) => string): Buffer {
  const text = bytes.toString('latin1');
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return bytes;
  const { 0: old, index } = random.of(found);
  return Buffer.from(text.slice(0, index) + by(old) + text.slice(index + old.length), 'latin1');
}

const OTHER_NUMBERS = ['0', '-1', '1e999', 'NaN', '0x10', '007', '9007199254740993', '1.5', '"1"', 'null', '[]'];
const LINE = /^ac1 [0-9a-z]{1,8} \{/g;

/** What faults, and people who write to a store, do to bytes. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  bit: (bytes, random) => {
    const place = at(bytes, random);
    bytes[place] = (bytes[place] as number) ^ (1 << random.integer(0, 7));
    return bytes;
  },
  byte: (bytes, random) => {
    bytes[at(bytes, random)] = random.integer(0, 255);
    return bytes;
  },
  cut: (bytes, random) => bytes.subarray(0, at(bytes, random)),
  cutFront: (bytes, random) => bytes.subarray(at(bytes, random)),
  append: (bytes, random) => Buffer.concat([bytes, byte(random)]),
  insert: (bytes, random) => {
    const place = at(bytes, random);
    return Buffer.concat([bytes.subarray(0, place), byte(random), bytes.subarray(place)]);
  },
  remove: (bytes, random) => {
    const [from, to] = span(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  zero: (bytes, random) => bytes.fill(0, ...span(bytes, random)),
  repeat: (bytes, random) => {
    const [from, to] = span(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  swap: (bytes, random) => {
    const [one, other] = [at(bytes, random), at(bytes, random)];
    [bytes[one], bytes[other]] = [bytes[other] as number, bytes[one] as number];
    return bytes;
  },
  splice: (bytes, random, others) => {
    const other = random.of(others);
    return Buffer.concat([bytes.subarray(0, at(bytes, random)), other.subarray(at(other, random))]);
  },
  replace: (_bytes, random, others) => Buffer.from(random.of(others)),
  tag: (bytes, random) => {
    const place = Math.max(0, bytes.length - random.integer(1, 16));
    bytes[place] = random.integer(0, 255);
    return bytes;
  },
  number: (bytes, random) => replaceOne(bytes, /\d+(?:\.\d+)?/g, random, () => random.of(OTHER_NUMBERS)),
  space: (bytes, random) => replaceOne(bytes, /[{,: ]/g, random, (found) => `${found} `),
  letter: (bytes, random) =>
    replaceOne(bytes, /[a-z]/gi, random, (found) => (found > 'Z' ? found.toUpperCase() : found.toLowerCase())),
  base64: (bytes, random) =>
    replaceOne(bytes, /"n":"[^"]*/g, random, (found) =>
      random.of([`${found}=`, `${found} `, `${found}\\n`, `${found}A`]),
    ),
  field: (bytes, random) =>
    replaceOne(
      bytes,
      /"[a-z]":/g,
      random,
      (found) => `${random.of(['"k":"a",', '"x":1,', '"__proto__":{},', found + '0,'])}${found}`,
    ),
  zeroLost: (bytes, random) => replaceOne(bytes, /^ac1 0/g, random, () => 'ac1 '),
  zeroAdded: (bytes, random) => replaceOne(bytes, LINE, random, (found) => found.replace('ac1 ', 'ac1 0')),
  version: (bytes, random) =>
    replaceOne(bytes, /^ac1/g, random, () => random.of(['ac2', 'ac01', 'AC1', 'ac1 ac1', '\xef\xbb\xbfac1'])),
  newline: (bytes, random) => replaceOne(bytes, /\n/g, random, () => random.of(['\r\n', '\r', ' ', '\n\n'])),
  mark: (bytes, random) =>
    replaceOne(bytes, LINE, random, () => random.of(['ac1 gcm {', 'ac1 0 {', 'ac1 00000000 {', 'ac1 lease {'])),
};

/** One to three of them; never changes `bytes`. */
export function mutate(
  bytes: Buffer,
  random: Random,
  others: Others,
): { readonly bytes: Buffer; readonly how: string } {
  const how = Array.from({ length: random.integer(1, 3) }, () => random.of(Object.keys(MUTATIONS)));
  let changed = Buffer.from(bytes);
  for (const name of how)
    if (changed.length > 0) changed = Buffer.from(MUTATIONS[name]?.(changed, random, others) ?? changed);
  return { bytes: changed, how: how.join(', ') };
}
