import { randomBytes } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import * as nodeZlib from 'node:zlib';
import { crc32, gzipSync } from 'node:zlib';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CacheScope } from '../../../src/composition/cache-scope.js';
import { IN_HAND, RESERVED } from '../../../src/core/ports/entry-store.js';
import { stampOf } from '../../../src/core/versions/stamp.js';
import { type Asked, CachedApp, type Report } from '../../support/cached-app.js';
import { recordFault } from '../../support/fault-report.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

/** What the cache may add to a call: the timeout of Redis, and what the machine may take. */
const BOUND_MS = 160;
const HEAL_BOUND_MS = 1_500;
/** What is so large that it is not read in time keeps others waiting before it is looked at. */
const LARGE_HEAL_BOUND_MS = 5_000;
/** How long a change by another program may take to be told. */
const HEARD_WITHIN_MS = 100;
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
  forged({ ...header, n: Buffer.byteLength(payload), ...changes }, payload);
/** Fields are written as they are given, whatever JSON makes of them. */
const withText = ({ header, payload }: Stored, fields: string): Buffer =>
  forged(`${JSON.stringify(header).slice(0, -1)},${fields}}`, payload);

const nested = (open: string, close: string): string => open.repeat(DEEP) + close.repeat(DEEP);
const lease = (stamp: string, until = '9999999999999'): string => `ac1 lease ${'A'.repeat(22)} ${stamp} ${until}\n`;
const ofMany = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag:${index}`, 'x'.repeat(36)]));
const zipped = gzipSync(Buffer.alloc(80 * MIB), { level: 1 });
const { zstdCompressSync } = nodeZlib as { zstdCompressSync?: (bytes: Buffer) => Buffer };
const zstd = zstdCompressSync?.(Buffer.alloc(80 * MIB)) ?? Buffer.from('no zstd here');

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
  'a compressed bomb that claims what it is': (own) => withPayload(own, zipped, { c: 80 * MIB }),
  'a compressed bomb that claims to be endless': (own) => withPayload(own, zipped, { c: 2 ** 50 }),
  'a compressed bomb of the greatest size': (own) =>
    withPayload(own, gzipSync(Buffer.alloc(16 * MIB), { level: 1 }), { c: 16 * MIB }),
  'a zstd bomb that claims to be small': (own) => withPayload(own, zstd, { c: 1_000, z: 'zstd' }),
  'a zstd bomb that claims what it is': (own) => withPayload(own, zstd, { c: 80 * MIB, z: 'zstd' }),
  'a compression that is not known': (own) => withHeader(own, { c: 10, z: 'lzma' }),
};

const FORGED_LEASES: Record<string, Hostile> = {
  'a lease in hand that never ends': () => lease(IN_HAND),
  'a reserved lease that never ends': () => lease(RESERVED),
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
async function untilHit(ask: () => Promise<Asked>, withinMs = HEAL_BOUND_MS): Promise<{ asked: Asked; ms: number }> {
  const startedAtMs = performance.now();
  for (;;) {
    const asked = await ask();
    if (asked.isHit) return { asked, ms: performance.now() - startedAtMs };
    if (performance.now() - startedAtMs > withinMs) throw new Error('it did not heal');
    await sleep(2);
  }
}

interface Met {
  addedMs: number;
  healedMs: number;
}

/** The caller gets what the source says now, in time, and so does the next one, from the cache. */
async function meets({ ask, keyOf }: Way, hostile: Hostile, healBoundMs = HEAL_BOUND_MS): Promise<Met> {
  const id = 'a';
  await untilHit(() => ask(id));
  const own = await storedUnder(keyOf(id));
  app.reports.version++;
  await put(own, hostile);
  await untilAsked();
  const { report, ms, isHit } = await askedOnceHeard(() => ask(id), { id, version: app.reports.version - 1 });
  expect({ report, isHit }).toEqual({ report: { id, version: app.reports.version }, isHit: false });
  expect(ms).toBeLessThan(BOUND_MS);
  const healed = await untilHit(() => ask(id), healBoundMs);
  expect(healed.asked.report).toEqual(report);
  expect((await storedUnder(keyOf(id))).header.k).toBe(keyOf(id));
  return { addedMs: ms, healedMs: healed.ms };
}

const record = (fault: string, { addedMs, healedMs }: Met, healBoundMs = HEAL_BOUND_MS): void =>
  recordFault({
    class: 'values',
    fault,
    caller: "the loader's answer",
    boundMs: BOUND_MS,
    addedMs,
    healedMs,
    healBoundMs,
  });

/** What was stored before may still be in memory for the moment in which the change is told. */
async function askedOnceHeard(ask: () => Promise<Asked>, before: Report): Promise<Asked> {
  const endMs = performance.now() + HEARD_WITHIN_MS;
  for (;;) {
    const asked = await ask();
    if (!asked.isHit || performance.now() > endMs || !isDeepStrictEqual(asked.report, before)) return asked;
    await setImmediate();
  }
}

/** Making something large keeps Redis busy, for so long that it may count as away. */
const untilAsked = (): Promise<void> =>
  until(async () => {
    const { connected, breaker } = await app.client.healthCheck();
    return connected && breaker === 'closed';
  });

/** Where the entry is that this makes. */
async function made(make: () => Promise<unknown>, key: string): Promise<string> {
  await make();
  await until(async () => (await redis.exists(key)) === 1);
  return key;
}

const asTenant = <T>(work: () => Promise<T>): Promise<T> =>
  app.app.get(CacheScope, { strict: false }).run({ tenant: 'acme' }, work);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Of buffers, once what nobody holds is gone. */
function bytesInUse(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** The worst of both ways. */
async function meetsBothWays(fault: string, hostile: Hostile, healBoundMs = HEAL_BOUND_MS): Promise<void> {
  const met = [
    await meets(WAYS.AgentCache, hostile, healBoundMs),
    await meets(WAYS['a decorated method'], hostile, healBoundMs),
  ];
  const worst = (of: keyof Met): number => Math.max(...met.map((each) => each[of]));
  record(fault, { addedMs: worst('addedMs'), healedMs: worst('healedMs') }, healBoundMs);
}

describe('what another writer puts under the key of an entry is a miss, and replaced by the next load', () => {
  const all = { ...WRONG_TYPES, ...FOREIGN_BYTES, ...FORGED_HEADERS, ...FORGED_PAYLOADS, ...FORGED_LEASES };

  it.each(Object.entries(all))('%s', (fault, hostile) => meetsBothWays(fault, hostile));

  it.each(Object.entries(WAYS))('its own entry, cut at any length, through %s', async (name, way) => {
    const { bytes } = await storedUnder(way.keyOf('a'));
    const worst: Met = { addedMs: 0, healedMs: 0 };
    for (let length = 1; length < bytes.length; length++) {
      const { addedMs, healedMs } = await meets(way, (own) =>
        // Entries differ in length by a digit or two.
        own.bytes.subarray(0, Math.min(length, own.bytes.length - 1)),
      );
      worst.addedMs = Math.max(worst.addedMs, addedMs);
      worst.healedMs = Math.max(worst.healedMs, healedMs);
    }
    record(`its own entry, cut at any length (${name})`, worst);
  });

  it.each<[string, () => Promise<string>]>([
    ['another key', () => made(() => app.viaCache('b'), 'faults:direct:b')],
    ['another method', () => made(() => app.viaMethod('a'), 'faults:reports:a')],
    ['another tenant', () => made(() => asTenant(() => app.viaCache('a')), 'faults:direct:a:@tenant=acme')],
  ])('an entry that was copied from %s', async (from, make) => {
    const source = await make();
    const met = await meets(WAYS.AgentCache, async () => (await redis.getBuffer(source)) as Buffer);
    record(`an entry that was copied from ${from}`, met);
  });

  it('an entry that was copied from another prefix', async () => {
    const other = await CachedApp.start({ prefix: 'other', redis: { url: server.url }, memory: { maxBytes: 0 } });
    await other.untilHits();
    const met = await meets(WAYS.AgentCache, async () => (await redis.getBuffer('other:direct:a')) as Buffer);
    await other.close();
    record('an entry that was copied from another prefix', met);
  });

  /** The server makes it, so that what is in use here is only what was read. */
  const large = (beginning: string, bytes: number, { key }: Stored): Command => {
    const script = "return redis.call('SET', KEYS[1], ARGV[1] .. string.rep('x', ARGV[2]))";
    return ['EVAL', script, 1, key, beginning, bytes];
  };
  it('64 MiB that begin as an entry does, of which nothing is kept', async () => {
    await app.untilHits();
    const before = bytesInUse();
    const beginning = 'ac1 00000000 {"';
    await meetsBothWays('64 MiB of text', (own) => large(beginning, 64 * MIB, own), LARGE_HEAL_BOUND_MS);
    await until(() => bytesInUse() - before < 8 * MIB);
  }, 20_000);

  it('nobody has heard of a rejection, and no prototype is polluted', () => {
    expect(unhandled).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('what another writer puts under the version of a group is no version, and replaced by the next load', () => {
  const KEY = 'faults:~v:tag:reports';
  const VERSIONS: Record<string, Command> = {
    nothing: ['SET', KEY, ''],
    'a binary text': ['SET', KEY, Buffer.from([0, 255, 10, 13])],
    'a long text': ['SET', KEY, 'x'.repeat(65)],
    'a megabyte': ['SET', KEY, 'x'.repeat(MIB)],
    '64 MiB': ['EVAL', "return redis.call('SET', KEYS[1], string.rep('x', ARGV[1]))", 1, KEY, 64 * MIB],
    'a list': ['RPUSH', KEY, 'x'],
    'a hash': ['HSET', KEY, 'x', 'y'],
    'the version of another group': ['EVAL', "redis.call('COPY', KEYS[2], KEYS[1])", 2, KEY, 'faults:~v:ns:direct'],
  };

  it.each(Object.entries(VERSIONS))('%s', async (fault, command) => {
    const { ask, keyOf } = WAYS.AgentCache;
    await app.untilHits();
    app.reports.version++;
    await redis.del(KEY);
    await redis.call(...(command as unknown as [string, ...string[]]));
    await untilAsked();
    const { report, ms, isHit } = await ask('a');
    expect({ report, isHit }).toEqual({ report: { id: 'a', version: app.reports.version }, isHit: false });
    expect(ms).toBeLessThan(BOUND_MS);
    const healed = await untilHit(() => ask('a'), LARGE_HEAL_BOUND_MS);
    expect(healed.asked.report).toEqual(report);
    // None of it has gone into the entry.
    expect((await storedUnder(keyOf('a'))).bytes.length).toBeLessThan(1_000);
    record(`under the version of a group: ${fault}`, { addedMs: ms, healedMs: healed.ms }, LARGE_HEAL_BOUND_MS);
  });
});

describe('an entry that another writer has made right in all that can be checked without a key', () => {
  const served = async (hostile: Hostile): Promise<unknown> => {
    const { ask, keyOf } = WAYS.AgentCache;
    await untilHit(() => ask('a'));
    await put(await storedUnder(keyOf('a')), hostile);
    const { report, isHit } = await ask('a');
    expect(isHit).toBe(true);
    return report;
  };

  it('is served: so the checks above would see it if they let anything through', async () => {
    expect(await served((own) => withPayload(own, '"forged"'))).toBe('forged');
    expect(await served((own) => withPayload(own, '"old"', { x: Date.now() + 1e9, s: Date.now() + 1e9 }))).toBe('old');
    await app.cache.delete('direct:a');
  });

  it('has __proto__, constructor and prototype as properties of its own, and pollutes nothing', async () => {
    const text = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"prototype":1}';
    const value = (await served((own) => withPayload(own, text))) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'prototype']);
    expect(JSON.stringify(value)).toBe(text);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    await app.cache.delete('direct:a');
  });

  it('may hold anything in fields that nobody reads', async () => {
    const fields = `"more":${nested('[', ']')},"constructor":1,"toString":{}`;
    expect(await served((own) => withText(own, fields))).toEqual({ id: 'a', version: app.reports.version });
    await app.cache.delete('direct:a');
  });

  it('is refused where values are encrypted', async () => {
    const encrypted = await CachedApp.start({
      prefix: 'encrypted',
      redis: { url: server.url },
      memory: { maxBytes: 0 },
      encryption: { keys: [`k1:${randomBytes(32).toString('base64')}`] },
    });
    await encrypted.untilHits();
    await untilHit(() => app.viaCache());
    const { header, payload } = await storedUnder('faults:direct:a');
    const names = (await redis.keys('encrypted:*')).filter((key) => !key.startsWith('encrypted:~'));
    expect(names).toHaveLength(2);
    for (const key of names) await redis.set(key, forged({ ...header, k: key }, payload));
    encrypted.reports.version++;
    const asked = [await encrypted.viaCache(), await encrypted.viaMethod()];
    const expected = { report: { id: 'a', version: encrypted.reports.version }, isHit: false };
    expect(asked).toEqual([expect.objectContaining(expected), expect.objectContaining(expected)]);
    const healedMs = await encrypted.untilHits(HEAL_BOUND_MS);
    await encrypted.close();
    record('a forged entry under encryption', { addedMs: Math.max(...asked.map(({ ms }) => ms)), healedMs });
  });
});
