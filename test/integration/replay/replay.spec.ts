import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { main } from '../../../examples/replay/src/main.js';
import { loadPolicy } from '../../../examples/replay/src/replay-policy.js';
import { replay, type ReplayReport } from '../../../examples/replay/src/replay.js';
import { readTrace, type RecordedCall } from '../../../examples/replay/src/trace.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const AIRLINE_POLICY = join(ROOT, 'examples/replay/airline.policy.mjs');
const AIRLINE_TRACE = join(ROOT, '../shared/traces/tau-airline-gpt4o.jsonl.gz');

const HONEST = `
  export const state = 'forked';
  export function describe(tool) {
    if (tool === 'get') return { permissionTier: 'READ_ONLY' };
    if (tool === 'think') return { permissionTier: 'READ_ONLY', volatile: true };
    return { permissionTier: 'WRITE' };
  }`;
const MUTANTS = {
  'calls a tool that writes READ_ONLY': HONEST.replace("'get')", "'get' || tool === 'set')"),
  'leaves out what a run has changed': HONEST.replace("'forked'", "'live'"),
  'keeps writes from counting as changes': HONEST.replace(
    "{ permissionTier: 'WRITE' }",
    "{ permissionTier: 'READ_ONLY', volatile: true }",
  ),
};

let seq = 0;
const call = (
  run: string,
  tool: string,
  args: object,
  output: unknown,
  more: Partial<RecordedCall> = {},
): RecordedCall => ({
  ...{ run, task: `task of ${run[0]}`, seq: seq++, tool, args, env: {}, ok: true, output },
  ...more,
});
const get = (run: string, output: string, more?: Partial<RecordedCall>) => call(run, 'get', { id: 'x' }, output, more);
const set = (run: string, to: string, more?: Partial<RecordedCall>) => call(run, 'set', { id: 'x', to }, 'done', more);
const think = (run: string) => call(run, 'think', {}, '');

describe('the replay of a trace', () => {
  let folder: string;
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function policyFile(source: string): Promise<string> {
    const file = join(folder, `${count++}.policy.mjs`);
    await writeFile(file, source);
    return file;
  }
  async function traceFile(calls: readonly RecordedCall[]): Promise<string> {
    const file = join(folder, `${count++}.jsonl.gz`);
    await writeFile(file, gzipSync(calls.map((each) => JSON.stringify(each)).join('\n')));
    return file;
  }
  async function replayed(calls: readonly RecordedCall[], policy = HONEST): Promise<ReplayReport> {
    return replay(calls, await loadPolicy(await policyFile(policy)), { redisUrl: null });
  }

  it('counts eligible calls, hits and hit rate, per tool and in all', async () => {
    const { total, tools } = await replayed([
      get('a1', 'A'),
      get('a1', 'A'),
      get('a2', 'A'),
      think('a2'),
      set('a2', 'B'),
    ]);
    expect(total).toMatchObject({ calls: 5, eligible: 3, hits: 2, wrongHits: 0, hitRate: 2 / 3 });
    expect(tools).toEqual([
      { tool: 'get', calls: 3, eligible: 3, hits: 2, wrongHits: 0, hitRate: 2 / 3, savedMs: null },
      { tool: 'think', calls: 1, eligible: 0, hits: 0, wrongHits: 0, hitRate: 0, savedMs: 0 },
      { tool: 'set', calls: 1, eligible: 0, hits: 0, wrongHits: 0, hitRate: 0, savedMs: 0 },
    ]);
  });

  it('keeps answers over a volatile tool, which changes nothing, and never keeps its own', async () => {
    const { total } = await replayed([get('a', 'A'), think('a'), think('a'), get('a', 'A')]);
    expect(total).toMatchObject({ eligible: 2, hits: 1 });
  });

  it('keeps no answer over a tool that writes, whether it succeeds or fails', async () => {
    for (const ok of [true, false]) {
      const { total } = await replayed([
        get('a', 'A'),
        set('a', 'B', { ok }),
        get('a', ok ? 'B' : 'A'),
        get('a', ok ? 'B' : 'A'),
      ]);
      expect(total).toMatchObject({ eligible: 3, hits: 1, wrongHits: 0 });
    }
  });

  it('shares nothing between runs on copies that have changed different things', async () => {
    const { total } = await replayed([set('a', 'B'), get('a', 'B'), get('b', 'A'), get('a', 'B'), get('b', 'A')]);
    expect(total).toMatchObject({ eligible: 4, hits: 2, wrongHits: 0 });
  });

  it('does not keep failed answers', async () => {
    const { total } = await replayed([get('a', 'busy', { ok: false }), get('a', 'A'), get('a', 'A')]);
    expect(total).toMatchObject({ hits: 1, wrongHits: 0 });
  });

  it('shares nothing between different environments', async () => {
    const { total } = await replayed([
      get('a', 'A', { env: { cwd: '/one' } }),
      get('a', 'B', { env: { cwd: '/two' } }),
    ]);
    expect(total).toMatchObject({ hits: 0 });
  });

  it.each([
    ['all', 3],
    ['task', 2],
    ['run', 1],
  ])('shares between %s as the policy says', async (share, hits) => {
    const calls = [get('a1', 'A'), get('a1', 'A'), get('a2', 'A'), get('b1', 'A')];
    expect((await replayed(calls, `${HONEST}\nexport const share = '${share}';`)).total).toMatchObject({ hits });
  });

  it.each(Object.entries(MUTANTS))('finds wrong hits under a policy that %s', async (_, mutant) => {
    const calls = [
      get('a', 'A'),
      set('a', 'B'),
      get('a', 'B'),
      get('b', 'A'),
      set('b', 'C'),
      get('b', 'C'),
      get('c', 'A'),
    ];
    expect((await replayed(calls)).wrongHits).toEqual([]);
    const { total, wrongHits } = await replayed(calls, mutant);
    expect(total.wrongHits).toBeGreaterThan(0);
    expect(wrongHits).toHaveLength(total.wrongHits);
    expect(wrongHits[0]).toMatchObject({ tool: 'get' });
  });

  it('compares what the policy says counts', async () => {
    const calls = [get('a', 'A at 10:00'), get('a', 'A at 10:05')];
    expect((await replayed(calls)).total.wrongHits).toBe(1);
    const normalising = `${HONEST}\nexport const normalise = (tool, output) => output.split(' at ')[0];`;
    expect((await replayed(calls, normalising)).total).toMatchObject({ hits: 1, wrongHits: 0 });
  });

  it('adds saved time up from recorded times, else from those of the policy, and says which', async () => {
    const calls = [get('a', 'A', { ms: 40 }), get('a', 'A', { ms: 30 }), get('a', 'A')];
    expect(await replayed(calls)).toMatchObject({ total: { savedMs: null }, timeSources: ['recorded', 'unknown'] });
    expect(await replayed(calls, `${HONEST}\nexport const ms = (tool) => 5;`)).toMatchObject({
      total: { savedMs: 35 },
      timeSources: ['assumed', 'recorded'],
    });
  });

  it('gives the same on a real Redis, and leaves nothing there', async () => {
    const server = await RedisServer.start();
    try {
      const calls = [get('a', 'A'), get('a', 'A'), set('a', 'B'), get('a', 'B'), get('b', 'A')];
      const policy = await loadPolicy(await policyFile(HONEST));
      expect(await replay(calls, policy, { redisUrl: server.url })).toEqual(
        await replay(calls, policy, { redisUrl: null }),
      );
      // What it tests its hearing with expires by itself.
      await until(async () => (await server.command('DBSIZE')) === 0);
      await server.kill();
      await expect(replay(calls, policy, { redisUrl: server.url })).rejects.toThrow('no Redis to replay on');
    } finally {
      await server.stop();
    }
  });

  describe('as a command', () => {
    async function run(...args: string[]): Promise<{ code: number; text: string }> {
      const out = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
      const err = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
      try {
        const code = await main(args, { trace: join(folder, 'none.jsonl.gz'), policy: await policyFile(HONEST) });
        return { code, text: out.mock.calls.map(([text]) => String(text)).join('') };
      } finally {
        out.mockRestore();
        err.mockRestore();
      }
    }

    it('prints a table and ends with 0', async () => {
      const { code, text } = await run(await traceFile([get('a', 'A'), get('a', 'A')]));
      expect(code).toBe(0);
      expect(text).toMatch(/all tools +│ +2 │ +2 │ +1 │ +50\.0 % │ +0 │/);
    });

    it('ends with 1 after a wrong hit, and names it', async () => {
      const { code, text } = await run(await traceFile([get('a', 'A'), get('a', 'B', { seq: 77 })]));
      expect(code).toBe(1);
      expect(text).toContain('wrong hit: run a, call 77, get');
    });

    it('prints JSON on demand, under the policy that was named', async () => {
      const policy = await policyFile(`${HONEST}\nexport const share = 'run';`);
      const { text } = await run(
        await traceFile([get('a', 'no', { ok: false }), get('b', 'A')]),
        '--json',
        '--policy',
        policy,
      );
      expect(JSON.parse(text)).toMatchObject({
        share: 'run',
        state: 'forked',
        store: 'memory',
        total: { calls: 2, hits: 0 },
      });
    });

    it('says when the policy knows none of the tools', async () => {
      const { text } = await run(await traceFile([call('a', 'other', {}, 1)]));
      expect(text).toContain('No call was eligible');
    });

    it('says in one line which trace it wants', async () => {
      await expect(run()).rejects.toThrow(
        /^There is no trace .*none\.jsonl\.gz: name one, as in npm run replay -- .*$/,
      );
    });

    it.each([
      ['{"run":', 'line 2 is no JSON object'],
      ['null', 'line 2 is no JSON object'],
      ['7', 'line 2 is no JSON object'],
      ['{"run":"a","task":"t","tool":"get","args":{},"ok":"yes","output":1}', 'line 2: wrong or missing seq, ok'],
    ])('names the line of a broken trace: %s', async (line, message) => {
      const file = join(folder, `${count++}.jsonl`);
      await writeFile(file, `${JSON.stringify(get('a', 'A'))}\n${line}\n`);
      await expect(run(file)).rejects.toThrow(message);
    });

    it('refuses a file that is not compressed although its name says so', async () => {
      const file = join(folder, 'plain.jsonl.gz');
      await writeFile(file, 'plain text');
      await expect(run(file)).rejects.toThrow(/plain\.jsonl\.gz cannot be read: incorrect header/);
    });

    it.each([
      ['damaged', (bytes: Buffer) => bytes.fill(0, bytes.length - 8, bytes.length - 4)],
      ['cut off', (bytes: Buffer) => bytes.subarray(0, 20_000)],
    ])('says that a trace is %s on the way', async (_what, damage) => {
      const calls = Array.from({ length: 3_000 }, (_, index) => get(`run ${index}`, randomUUID()));
      const file = await traceFile(calls);
      await writeFile(file, damage(await readFile(file)));
      await expect(run(file)).rejects.toThrow(/^.*\.jsonl\.gz cannot be read: [\w ]+$/);
    });

    it('reads texts that lie across two chunks', async () => {
      const calls = Array.from({ length: 9 }, (_, index) => get('a', 'ä'.repeat(20_000 + index)));
      const file = join(folder, `${count++}.jsonl`);
      await writeFile(file, `${calls.map((each) => JSON.stringify(each)).join('\r\n')}\n\n`);
      expect(await readTrace(file)).toEqual(calls);
    });

    it('names all that is wrong with a policy', async () => {
      const trace = await traceFile([get('a', 'A')]);
      const policy = await policyFile("export const share = 'everyone'; export const state = 1;");
      await expect(run(trace, '--policy', policy)).rejects.toThrow(
        'describe must be a function (tool, params, env); share must be one of run, task, all; state must be one of live, forked',
      );
    });
  });

  const withTrace = existsSync(AIRLINE_TRACE) ? it : it.skip;
  withTrace('of the airline desk finds no wrong hit (needs ../shared/traces)', async () => {
    const report = await replay(await readTrace(AIRLINE_TRACE), await loadPolicy(AIRLINE_POLICY), { redisUrl: null });
    expect(report.total).toMatchObject({ calls: 1164, eligible: 774, wrongHits: 0 });
    expect(report.total.hits).toBeGreaterThan(0);
    expect(report.total.savedMs).toBeGreaterThan(0);
    expect(report.timeSources).toEqual(['assumed']);
  });
});
