import { gzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import * as nodeZlib from 'node:zlib';
import { crc32 } from 'node:zlib';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CacheScope } from '../../../src/composition/cache-scope.js';
import { stampOf } from '../../../src/core/versions/stamp.js';
import { type Asked, CachedApp } from '../../support/cached-app.js';
import { recordFault } from '../../support/fault-report.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

/** What the cache may add to a call: the timeout of Redis, and what the machine may take. */
const BOUND_MS = 160;
const HEAL_BOUND_MS = 1_500;
const MIB = 1024 * 1024;
const DEEP = 100_000;

/** One letter each: see the header of an envelope. */
interface Header {
  readonly [field: string]: unknown;
  readonly k: string;
  readonly v: Readonly<Record<string, string>>;
}

/** What stands under a key that was just stored, and where. */
interface Stored {
  readonly key: string;
  readonly bytes: Buffer;
  readonly header: Header;
  readonly payload: Buffer;
}

type Command = readonly [name: string, ...args: (string | number | Buffer)[]];
type Hostile = (own: Stored) => Buffer | string | Command | Promise<Buffer | string>;

/** Bytes with this header, as text or as an object, and with a right checksum. */
function forged(header: object | string | Buffer, payload: Buffer | string): Buffer {
  const line = typeof header === 'string' || Buffer.isBuffer(header) ? header : JSON.stringify(header);
  const guarded = Buffer.concat([Buffer.from(line as string), Buffer.from('\n'), Buffer.from(payload as string)]);
  return Buffer.concat([Buffer.from(`ac1 ${crc32(guarded).toString(16).padStart(8, '0')} `), guarded]);
}

const withHeader = ({ header, payload }: Stored, changes: object): Buffer => forged({ ...header, ...changes }, payload);
const withPayload = ({ header }: Stored, payload: Buffer | string, changes: object = {}): Buffer =>
  forged({ ...header, n: Buffer.byteLength(payload as string), ...changes }, payload);
/** Fields are written as they are given, whatever JSON makes of them. */
const withText = ({ header, payload }: Stored, fields: string): Buffer =>
  forged(`${JSON.stringify(header).slice(0, -1)},${fields}}`, payload);

const nested = (open: string, close: string): string => open.repeat(DEEP) + close.repeat(DEEP);
const lease = (stamp: string, until = '9999999999999'): string => `ac1 lease ${'A'.repeat(22)} ${stamp} ${until}\n`;
const IN_HAND = '0'.repeat(16);
const ofMany = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag:${index}`, 'x'.repeat(36)]));
const zipped = gzipSync(Buffer.alloc(128 * MIB), { level: 1 });
const { zstdCompressSync } = nodeZlib as { zstdCompressSync?: (bytes: Buffer) => Buffer };
const zstd = zstdCompressSync?.(Buffer.alloc(128 * MIB)) ?? Buffer.from('no zstd here');

const WRONG_TYPES: Record<string, Hostile> = {
  'a list': ({ key }) => ['RPUSH', key, 'x'],
  'a hash': ({ key }) => ['HSET', key, 'k', 'v'],
  'a set': ({ key }) => ['SADD', key, 'x'],
  'a sorted set': ({ key }) => ['ZADD', key, 1, 'x'],
  'a stream': ({ key }) => ['XADD', key, '*', 'k', 'v'],
  'a HyperLogLog': ({ key }) => ['PFADD', key, 'x'],
};

const FOREIGN_BYTES: Record<string, Hostile> = {
  nothing: () => '',
  'a text': () => 'null',
  'a megabyte of NUL bytes': () => Buffer.alloc(MIB),
  'another version (ac2)': ({ bytes }) => bytes.toString('latin1').replace('ac1', 'ac2'),
  'a NUL byte in front': ({ bytes }) => Buffer.concat([Buffer.alloc(1), bytes]),
  'a byte more': ({ bytes }) => Buffer.concat([bytes, Buffer.alloc(1)]),
  'twice the same': ({ bytes }) => Buffer.concat([bytes, bytes]),
  'the time of expiry put on, and no more': ({ bytes }) =>
    Buffer.from(bytes.toString('latin1').replace(/"x":1/, '"x":2'), 'latin1'),
  'the checksum in capitals': ({ bytes }) => bytes.toString('latin1').replace(/^ac1 \w+/, (mark) => mark.toUpperCase()),
};

const FORGED_HEADERS: Record<string, Hostile> = {
  'a negative time': (own) => withHeader(own, { s: -1 }),
  'a huge time of expiry': (own) => withHeader(own, { x: 1e300 }),
  'a time that is infinite': (own) => withText(own, '"x":1e999'),
  'a time that is NaN': (own) => withText(own, '"x":NaN'),
  'a negative duration of the load': (own) => withHeader(own, { l: -1e9 }),
  'a length that is not that of the payload': (own) => withHeader(own, { n: 2 ** 40 }),
  'a negative length': (own) => withHeader(own, { n: -1 }),
  'a header in place of a key': (own) => withHeader(own, { k: own.header }),
  '__proto__ with all fields': ({ header, payload }) => forged(`{"__proto__":${JSON.stringify(header)}}`, payload),
  '__proto__ as a group': (own) => withText(own, `"v":{"__proto__":"x","constructor":"x","prototype":"x"}`),
  'groups of no text': (own) => withHeader(own, { v: { a: { b: 1 } } }),
  'groups 100,000 levels deep': (own) => withText(own, `"v":{"a":${nested('[', ']')}}`),
  'groups that go by thousands': (own) => withHeader(own, { v: { ...own.header.v, ...ofMany(5_000) } }),
  'groups beyond the bound': (own) => withHeader(own, { v: { ...own.header.v, ...ofMany(20_000) } }),
  'a header of 8 MiB': (own) => withHeader(own, { v: { ...own.header.v, a: 'x'.repeat(8 * MIB) } }),
  'a header that is no UTF-8': ({ header, payload }) =>
    forged(Buffer.from(JSON.stringify({ ...header, k: `${header.k}\xff` }), 'latin1'), payload),
  'a header that never ends': () => Buffer.concat([Buffer.from('ac1 00000000 {'), Buffer.alloc(8 * MIB, 0x20)]),
};

const FORGED_PAYLOADS: Record<string, Hostile> = {
  'a format that is not known': (own) => withHeader(own, { f: 'xml' }),
  'text that is no JSON': (own) => withPayload(own, '{"id":'),
  'text with a NUL byte': (own) => withPayload(own, '{"id":"\0"}'),
  'text that is no UTF-8': (own) => withPayload(own, Buffer.from('{"id":"\xff\xfe"}', 'latin1')),
  'a lone surrogate as bytes': (own) => withPayload(own, Buffer.from('{"id":"\xed\xa0\x80"}', 'latin1')),
  'arrays 100,000 levels deep': (own) => withPayload(own, nested('[', ']')),
  'objects 100,000 levels deep': (own) => withPayload(own, `${nested('{"a":', '}').replace('}', '0}')}`),
  'tagged arrays 100,000 levels deep': (own) => withPayload(own, nested('[', ']'), { f: 'rich' }),
  'bytes that claim to be long': (own) =>
    withPayload(own, '{"@type":"Buffer","value":{"length":1000000000}}', { f: 'rich' }),
  'an integer of four million digits': (own) =>
    withPayload(own, `{"@type":"bigint","value":"${'9'.repeat(4_000_000)}"}`, { f: 'rich' }),
  'half a number of a vector': (own) => withPayload(own, 'abcde', { f: 'n64' }),
  'a compressed bomb that claims to be small': (own) => withPayload(own, zipped, { c: 1_000 }),
  'a compressed bomb that claims what it is': (own) => withPayload(own, zipped, { c: 128 * MIB }),
  'a compressed bomb that claims to be endless': (own) => withPayload(own, zipped, { c: 2 ** 50 }),
  'a compressed bomb of the greatest size': (own) =>
    withPayload(own, gzipSync(Buffer.alloc(16 * MIB), { level: 1 }), { c: 16 * MIB }),
  'a zstd bomb that claims to be small': (own) => withPayload(own, zstd, { c: 1_000, z: 'zstd' }),
  'a zstd bomb that claims what it is': (own) => withPayload(own, zstd, { c: 128 * MIB, z: 'zstd' }),
  'a compression that is not known': (own) => withHeader(own, { c: 10, z: 'lzma' }),
};

const FORGED_LEASES: Record<string, Hostile> = {
  'a lease in hand that never ends': () => lease(IN_HAND),
  'a lease of the very load that never ends': ({ header }) => lease(stampOf(header.v)),
  'a lease that has ended': () => lease(IN_HAND, '0000000000001'),
  'a lease that never ends before garbage': ({ header }) => `${lease(stampOf(header.v))}garbage`,
  'a lease before a lease': () => lease(IN_HAND).repeat(1_000),
  'a lease with its parts shifted': ({ bytes }) =>
    Buffer.concat([Buffer.from(`ac1 lease ${'A'.repeat(21)} ${'0'.repeat(17)} 9999999999999\n`), bytes.subarray(1)]),
  'a lease that is cut': () => lease(IN_HAND).slice(0, 40),
  'a lease with a NUL byte': () => lease(IN_HAND).replace('A', '\0'),
};

let server: RedisServer;
let redis: Redis;
let app: CachedApp;
const unhandled: unknown[] = [];
const remember = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', remember);
  server = await RedisServer.start();
  redis = new Redis(server.url);
  // Every hit is read from Redis, so that what was put there is met at once.
  app = await CachedApp.start({ redis: { url: server.url }, memory: { maxBytes: 0 } });
  await app.untilHits();
});
afterAll(async () => {
  await app.close();
  redis.disconnect();
  await server.stop();
  process.off('unhandledRejection', remember);
});

const WAYS = {
  AgentCache: { ask: (id: string) => app.viaCache(id), keyOf: (id: string) => `faults:direct:${id}` },
  'a decorated method': { ask: (id: string) => app.viaMethod(id), keyOf: (id: string) => `faults:reports:${id}` },
} as const;
type Way = (typeof WAYS)[keyof typeof WAYS];

/** What is stored under a key, taken apart. */
async function storedUnder(key: string): Promise<Stored> {
  const bytes = (await redis.getBuffer(key)) as Buffer;
  const end = bytes.indexOf('\n');
  const header = JSON.parse(bytes.toString('utf8', 'ac1 00000000 '.length, end)) as Header;
  return { key, bytes, header, payload: bytes.subarray(end + 1) };
}

async function put(own: Stored, hostile: Hostile): Promise<void> {
  const made = await hostile(own);
  await redis.del(own.key);
  if (Array.isArray(made)) await redis.call(...(made as [string, ...string[]]));
  else await redis.set(own.key, made as Buffer);
}

/** Asks until there is a hit. */
async function untilHit(ask: () => Promise<Asked>): Promise<{ asked: Asked; ms: number }> {
  const startedAtMs = performance.now();
  for (;;) {
    const asked = await ask();
    if (asked.isHit) return { asked, ms: performance.now() - startedAtMs };
    if (performance.now() - startedAtMs > HEAL_BOUND_MS) throw new Error('it did not heal');
    await sleep(2);
  }
}

interface Met {
  addedMs: number;
  healedMs: number;
}

/** The caller gets what the source says now, in time, and so does the next one, from the cache. */
async function meets({ ask, keyOf }: Way, hostile: Hostile, id = 'a'): Promise<Met> {
  await untilHit(() => ask(id));
  const own = await storedUnder(keyOf(id));
  app.reports.version++;
  await put(own, hostile);
  const { report, ms, isHit } = await ask(id);
  expect({ report, isHit }).toEqual({ report: { id, version: app.reports.version }, isHit: false });
  expect(ms).toBeLessThan(BOUND_MS);
  const healed = await untilHit(() => ask(id));
  expect(healed.asked.report).toEqual(report);
  expect((await storedUnder(keyOf(id))).header.k).toBe(keyOf(id));
  return { addedMs: ms, healedMs: healed.ms };
}

const record = (fault: string, { addedMs, healedMs }: Met): void =>
  recordFault({
    class: 'values',
    fault,
    caller: "the loader's answer",
    boundMs: BOUND_MS,
    addedMs,
    healedMs,
    healBoundMs: HEAL_BOUND_MS,
  });

/** The worst of both ways. */
async function meetsBothWays(fault: string, hostile: Hostile): Promise<void> {
  const met = [await meets(WAYS.AgentCache, hostile), await meets(WAYS['a decorated method'], hostile)];
  const worst = (of: keyof Met): number => Math.max(...met.map((each) => each[of]));
  record(fault, { addedMs: worst('addedMs'), healedMs: worst('healedMs') });
}

describe('what another writer puts under the key of an entry is a miss, and replaced by the next load', () => {
  const all = { ...WRONG_TYPES, ...FOREIGN_BYTES, ...FORGED_HEADERS, ...FORGED_PAYLOADS, ...FORGED_LEASES };

  it.each(Object.entries(all))('%s', meetsBothWays);

  it.each(Object.entries(WAYS))('its own entry, cut at any length, through %s', async (name, way) => {
    const { bytes } = await storedUnder(way.keyOf('a'));
    const worst: Met = { addedMs: 0, healedMs: 0 };
    for (let length = 1; length < bytes.length; length++) {
      const { addedMs, healedMs } = await meets(way, (own) => own.bytes.subarray(0, length));
      worst.addedMs = Math.max(worst.addedMs, addedMs);
      worst.healedMs = Math.max(worst.healedMs, healedMs);
    }
    record(`its own entry, cut at any length (${name})`, worst);
  });

  it('is not what pollutes a prototype', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});
