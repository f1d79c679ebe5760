import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Duration } from 'nestjs-agent-cache';
import { comparable, copyOfRepository, RunningBackend } from '../../support/agent-backend.js';
import { play, type ScriptedRequest, type ScriptResult } from '../../support/agent-backend-script.js';
import { timed, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

/** The most that a request may take longer than without a cache: the deadline and one turn of the event loop. */
const MOST_ADDED_MS = 105;
/** Whatever else the machine does delays some request of some runs, but not the same request of each. */
const RUNS = 5;
const MAX_RUNS = 40;

const SCRIPT: readonly ScriptedRequest[] = [
  { task: 'a', message: 'list src/core; read package.json; info about LICENSE; search for duration' },
  { task: 'b', message: 'list src/core; read package.json; find passages about decisions in docs' },
  { task: 'b', message: `write 'x' to notes/a.md; read notes/a.md; append 'y' to notes/a.md; delete notes/a.md` },
  { task: 'a', message: 'remember that all is well; list notes; read package.json' },
];

/** What both backends answered, and the least that each `POST /task`, with all its steps, took in any run, in ms. */
interface Compared {
  readonly plain: Timed;
  readonly cached: Timed;
}

interface Timed {
  readonly answers: readonly unknown[];
  readonly ms: readonly number[];
}

/**
 * Plays the script by turns on a backend without a cache and on one with it, so that the machine is the same to both. As long
 * as one seems too slow and `maxRuns` are not over, both are played again.
 */
async function compare(
  start: () => Promise<RunningBackend>,
  lose = (): void => undefined,
  maxRuns = MAX_RUNS,
): Promise<Compared> {
  const runs: { plain: ScriptResult[]; cached: ScriptResult[] } = { plain: [], cached: [] };
  for (;;) {
    runs.plain.push(await playOn(await RunningBackend.start(null, files), () => undefined));
    runs.cached.push(await playOn(await start(), lose));
    const compared = { plain: leastOf(runs.plain), cached: leastOf(runs.cached) };
    const count = runs.plain.length;
    if (count >= maxRuns || (count >= RUNS && tooSlow(compared).length === 0)) return compared;
  }
}

/** Plays the script once to warm the backend up, which makes code fast that runs for the first time, and once to time it. */
async function playOn(backend: RunningBackend, lose: () => void): Promise<ScriptResult> {
  await play(backend, SCRIPT);
  lose();
  const result = await play(backend, SCRIPT);
  await backend.close();
  return result;
}

function leastOf(runs: readonly ScriptResult[]): Timed {
  const ms = SCRIPT.map((_, index) => Math.min(...runs.map((run) => run.ms[index]!)));
  return { answers: runs[0]!.answers, ms };
}

function tooSlow({ cached, plain }: Compared): string[] {
  return cached.ms.flatMap((ms, index) => {
    const without = plain.ms[index]!;
    return ms > without + MOST_ADDED_MS ? [`${SCRIPT[index]!.message}: ${ms} ms, without a cache ${without} ms`] : [];
  });
}

const repeated = (lines: readonly string[]) => lines.filter((line, index) => lines.indexOf(line) !== index);

let files: string;

beforeAll(async () => {
  files = await copyOfRepository(['src/core', 'docs/decisions', 'package.json', 'LICENSE']);
});
afterAll(() => rm(files, { recursive: true }));

describe('the backend while no Redis server listens', () => {
  const logged: string[][] = [];
  let compared: Compared;

  beforeAll(async () => {
    const gone = await RedisServer.start();
    await gone.stop();
    compared = await compare(async () => {
      const backend = await RunningBackend.start({ redis: { url: gone.url } }, files);
      logged.push(backend.logged);
      return backend;
    });
  }, 120_000);

  it('answers as ever', () => {
    expect(comparable(compared.cached.answers)).toEqual(comparable(compared.plain.answers));
  });

  it(`is no more than ${MOST_ADDED_MS} ms slower in any request`, () => {
    expect(tooSlow(compared)).toEqual([]);
  });

  it.each(Array.from({ length: RUNS }, (_, run) => run))('says it once in run %i', (run) => {
    expect(logged[run]).toHaveLength(1);
  });
});

describe('the backend while its Redis server hangs', () => {
  let redis: RedisServer;
  let lastLogged: readonly string[];

  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    redis.resume();
    await redis.stop();
  });

  /** A backend that has its server. */
  async function connected(timeout: Duration = '100ms'): Promise<RunningBackend> {
    redis.resume();
    const backend = await RunningBackend.start({ redis: { url: redis.url, timeout } }, files);
    await backend.isConnected();
    lastLogged = backend.logged;
    return backend;
  }

  it(`answers as ever, is no more than ${MOST_ADDED_MS} ms slower in any request, and says it once`, async () => {
    const compared = await compare(connected, () => redis.pause());
    expect(comparable(compared.cached.answers)).toEqual(comparable(compared.plain.answers));
    expect(tooSlow(compared)).toEqual([]);
    expect(lastLogged.length).toBeGreaterThan(0);
    expect(repeated(lastLogged)).toEqual([]);
  }, 120_000);

  it('would be found to be slower if the cache waited longer', async () => {
    const compared = await compare(
      () => connected('600ms'),
      () => redis.pause(),
      RUNS,
    );
    expect(tooSlow(compared)).not.toEqual([]);
  }, 60_000);

  it('closes within half a second, and its connections with it', async () => {
    const backend = await connected();
    redis.pause();
    await backend.task({ message: 'list docs' });
    const { ms } = await timed(() => backend.app.close());
    expect(ms).toBeLessThan(500);
    redis.resume();
    const clients = async () =>
      String(await redis.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length;
    // The one that asks.
    await until(() => clients().then((count) => count === 1));
    await backend.close();
  }, 60_000);

  it('uses the server again when it goes on', async () => {
    const backend = await connected();
    redis.pause();
    await backend.task({ message: 'list docs' });
    redis.resume();
    await backend.isConnected();
    const isHit = async () => {
      const { steps } = await backend.task({ message: 'list docs' });
      return steps.some(({ tool, cache_hit }) => tool && cache_hit);
    };
    const end = Date.now() + 10_000;
    let hit = await isHit();
    while (!hit && Date.now() < end) hit = await isHit();
    expect(hit).toBe(true);
    expect(repeated(backend.logged)).toEqual([]);
    await backend.close();
  }, 60_000);
});
