import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TaskAnswer } from '../../../examples/agent-backend/src/task/task-runner.js';
import { comparable, copyOfRepository, RunningBackend } from '../../support/agent-backend.js';
import { play, type ScriptResult } from '../../support/agent-backend-script.js';
import { RedisServer } from '../../support/redis-server.js';

/** The most that a cached call may take longer than without a cache: the deadline and one turn of the event loop. */
const MOST_ADDED_MS = 105;
/** What the machine itself makes of the slowest step of the same kind; measured on the backend without a cache. */
const noise = new Map<string, number>();

let files: string;
let expected: ScriptResult;

beforeAll(async () => {
  files = await copyOfRepository();
  const plain = await RunningBackend.start(null, files);
  expected = await play(plain);
  await plain.close();
  for (const { name, ms } of stepsOf(expected)) noise.set(name, Math.max(ms, noise.get(name) ?? 0));
}, 60_000);
afterAll(() => rm(files, { recursive: true }));

const stepsOf = ({ answers }: ScriptResult) =>
  (answers as TaskAnswer[]).flatMap(({ steps }) => steps.map(({ kind, tool, ms }) => ({ name: tool ?? kind, ms })));

/** Steps that took longer than the cache may make them, in words. A writing tool invalidates before and after it ran. */
const tooSlow = (result: ScriptResult) =>
  stepsOf(result)
    .filter(
      ({ name, ms }) =>
        ms > (noise.get(name) ?? 0) + MOST_ADDED_MS * (/^(write|append|delete)_file$/.test(name) ? 2 : 1),
    )
    .map(({ name, ms }) => `${name}: ${ms} ms, without a cache at most ${noise.get(name)} ms`);

const repeated = (lines: readonly string[]) => lines.filter((line, index) => lines.indexOf(line) !== index);

describe('the backend while no Redis server listens', () => {
  let backend: RunningBackend;
  let result: ScriptResult;

  beforeAll(async () => {
    const gone = await RedisServer.start();
    await gone.stop();
    backend = await RunningBackend.start({ redis: { url: gone.url } }, files);
    result = await play(backend);
  }, 60_000);
  afterAll(() => backend.close());

  it('answers as ever', () => {
    expect(comparable(result)).toEqual(comparable(expected));
  });

  it(`is no more than ${MOST_ADDED_MS} ms slower in any step`, () => {
    expect(tooSlow(result)).toEqual([]);
  });

  it('says it once', () => {
    expect(backend.logged.length).toBeGreaterThan(0);
    expect(repeated(backend.logged)).toEqual([]);
  });
});

describe('the backend while its Redis server hangs', () => {
  let redis: RedisServer;
  let backend: RunningBackend;
  let result: ScriptResult;

  beforeAll(async () => {
    redis = await RedisServer.start();
    backend = await RunningBackend.start({ redis: { url: redis.url } }, files);
    await backend.isConnected();
    await backend.task({ message: 'read package.json' });
    redis.pause();
    result = await play(backend);
  }, 60_000);
  afterAll(async () => {
    redis.resume();
    await backend.close();
    await redis.stop();
  });

  it('answers as ever', () => {
    expect(comparable(result)).toEqual(comparable(expected));
  });

  it(`is no more than ${MOST_ADDED_MS} ms slower in any step`, () => {
    expect(tooSlow(result)).toEqual([]);
  });

  it('says it once', () => {
    expect(backend.logged.length).toBeGreaterThan(0);
    expect(repeated(backend.logged)).toEqual([]);
  });

  it('uses the server again when it goes on', async () => {
    redis.resume();
    await backend.isConnected();
    const isHit = async () =>
      (await backend.task({ message: 'list docs' })).steps.some(({ tool, cache_hit }) => tool && cache_hit);
    const end = Date.now() + 10_000;
    while (!(await isHit()) && Date.now() < end);
    expect(await isHit()).toBe(true);
  });
});
