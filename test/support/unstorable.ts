import assert from 'node:assert';
import { Money, objectOf } from './arbitraries.js';

/** One of each kind that cannot be brought back; `marker` is content that no reason may show. */
export const unstorable = (marker: string): unknown[] => [
  () => marker,
  Symbol(marker),
  new Money(marker),
  new (class Index extends Map {})(),
  new (class Moment extends Date {})(),
  new (class List extends Array {})(),
  Object.create({ marker }),
  new Error(marker),
  new RegExp(marker.replace(/\W/g, '')),
  Promise.resolve(marker),
  new WeakMap(),
  new DataView(new ArrayBuffer(1)),
  new SharedArrayBuffer(1),
  Object(marker),
  new URL('http://a.example'),
  Object.assign([], { length: 1 }),
  Object.assign([1], { marker }),
  Object.assign(new Date(0), { marker }),
  Object.assign(new Set(), { marker }),
  { [Symbol('key')]: marker },
  Object.defineProperty({}, 'hidden', { value: marker }),
  Object.defineProperty({}, 'read', { enumerable: true, get: () => marker }),
  Object.defineProperty({}, 'write', { enumerable: true, set: () => undefined }),
  new Proxy({}, { ownKeys: () => assert.fail(marker) }),
  new Proxy({ marker }, {}),
  new Proxy([marker], {}),
  Object.assign(Buffer.alloc(2), { marker }),
  Object.assign(new Float32Array(2), { marker }),
  Object.assign(new Int16Array(0), { [Symbol('key')]: marker }),
];

/** Puts something into something else. */
export type Wrap = (inner: unknown, beside: unknown) => unknown;
export const WRAPS: readonly Wrap[] = [
  (inner, beside) => [beside, inner],
  (inner, beside) => ({ beside, inner }),
  (inner) => objectOf([['__proto__', inner]]),
  (inner, beside) =>
    new Map<unknown, unknown>([
      ['beside', beside],
      ['inner', inner],
    ]),
  (inner) => new Map([[inner, 1]]),
  (inner, beside) => new Set([beside, inner]),
  (inner) => Object.assign(Object.create(null) as object, { inner }),
];
