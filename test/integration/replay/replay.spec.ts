import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { main } from '../../../examples/replay/src/main.js';
import { loadPolicy, PolicyError, variantsOf } from '../../../examples/replay/src/replay-policy.js';
import { replay, type ReplayReport } from '../../../examples/replay/src/replay.js';
import { reportTable } from '../../../examples/replay/src/report-table.js';
import type { Counts } from '../../../examples/replay/src/tally.js';
import { readTrace, type RecordedCall } from '../../../examples/replay/src/trace.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const AIRLINE_POLICY = join(ROOT, 'examples/replay/airline.policy.mjs');
const PAGE = join(ROOT, 'docs/concepts/replay.md');
const CODING_POLICY = join(ROOT, 'examples/replay/coding.policy.mjs');
const CODING_TRACE = join(ROOT, 'examples/replay/coding.trace.jsonl');
const AIRLINE_TRACE = join(ROOT, '../shared/traces/tau-airline-gpt4o.jsonl.gz');

const HONEST = `
  export const state = 'forked';
  export function describe(tool) {
    if (tool === 'get') return { permissionTier: 'READ_ONLY' };
    if (tool === 'think') return { permissionTier: 'READ_ONLY', volatile: true };
    return { permissionTier: 'WRITE' };
  }`;
/** Each thing has a state of its own. */
const PER_RESOURCE = `
  export const state = 'forked';
  const thing = ({ id }) => [{ type: 'thing', id }];
  export function describe(tool) {
    if (tool === 'get') return { permissionTier: 'READ_ONLY', dependsOn: thing };
    if (tool === 'set') return { permissionTier: 'WRITE', mutates: thing };
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
      { tool: 'get', calls: 3, eligible: 3, hits: 2, hitRate: 2 / 3, wrongHits: 0, wrongRate: 0, savedMs: null },
      { tool: 'think', calls: 1, eligible: 0, hits: 0, hitRate: 0, wrongHits: 0, wrongRate: 0, savedMs: 0 },
      { tool: 'set', calls: 1, eligible: 0, hits: 0, hitRate: 0, wrongHits: 0, wrongRate: 0, savedMs: 0 },
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

  it('shares between runs that have changed the same, and the base where they have changed none of it', async () => {
    const calls = [
      ...[get('a', 'A'), get('a', 'A', { args: { id: 'y' } }), set('a', 'B'), get('a', 'B')],
      ...[set('b', 'B'), get('b', 'B'), get('b', 'A', { args: { id: 'y' } })],
      ...[set('c', 'C'), get('c', 'C'), get('c', 'A', { args: { id: 'y' } })],
    ];
    expect((await replayed(calls, PER_RESOURCE)).total).toMatchObject({ eligible: 7, hits: 3, wrongHits: 0 });
    expect((await replayed(calls)).total).toMatchObject({ hits: 1, wrongHits: 0 });
  });

  it('keeps nothing over a tool of which nobody says what it changes', async () => {
    const calls = [get('a', 'A'), call('a', 'unknown', {}, 'done'), get('a', 'B'), get('b', 'A')];
    expect((await replayed(calls, PER_RESOURCE)).total).toMatchObject({ eligible: 3, hits: 1, wrongHits: 0 });
  });

  it('tells changes apart whose effect depends on what the run has changed elsewhere', async () => {
    const copy = (run: string) => call(run, 'set', { id: 'x', from: 'y' }, 'done');
    const calls = [
      ...[call('a', 'set', { id: 'y', to: 'B' }, 'done'), copy('a'), get('a', 'B')],
      ...[copy('b'), get('b', 'A'), copy('c'), get('c', 'A')],
    ];
    const policy = PER_RESOURCE.replace(
      'mutates: thing',
      'mutates: thing, dependsOn: ({ from: id }) => (id ? thing({ id }) : [])',
    );
    expect((await replayed(calls, policy)).total).toMatchObject({ eligible: 3, hits: 1, wrongHits: 0 });
    expect((await replayed(calls, PER_RESOURCE)).total.wrongHits).toBeGreaterThan(0);
  });

  it('has runs on live things see what the others have changed', async () => {
    const calls = [get('a', 'A'), set('b', 'B'), get('a', 'B'), get('b', 'B')];
    const { total } = await replayed(calls, PER_RESOURCE.replace("'forked'", "'live'"));
    expect(total).toMatchObject({ hits: 1, wrongHits: 0 });
  });

  it('keeps answers of live things over changes of others', async () => {
    const calls = [get('a', 'A'), set('b', 'B', { args: { id: 'y' } }), get('a', 'A'), set('b', 'B'), get('a', 'B')];
    const live = (policy: string) => replayed(calls, policy.replace("'forked'", "'live'"));
    expect((await live(PER_RESOURCE)).total).toMatchObject({ hits: 1, wrongHits: 0 });
    expect((await live(HONEST)).total).toMatchObject({ hits: 0 });
  });

  it('takes runs of any name for different ones', async () => {
    const calls = ['', ':', '\ud800', '\ud801'].flatMap((run) => [set(run, run), get(run, run), get(run, run)]);
    expect((await replayed(calls, PER_RESOURCE)).total).toMatchObject({ eligible: 8, hits: 4, wrongHits: 0 });
  });

  it('puts of the environment into the key what the policy says counts', async () => {
    const at = (cwd: string, time: number) => ({ env: { cwd, time } });
    const calls = [get('a', 'A', at('/one', 1)), get('a', 'A', at('/one', 2)), get('a', 'B', at('/two', 3))];
    const policy = HONEST.replace('tool)', 'tool, params, env)').replace(
      "'READ_ONLY' }",
      "'READ_ONLY', vary: env.cwd }",
    );
    expect((await replayed(calls, policy)).total).toMatchObject({ hits: 1, wrongHits: 0 });
    expect((await replayed(calls)).total).toMatchObject({ hits: 0 });
  });

  it('asks nobody but the policy who shares, and looks at no file', async () => {
    const calls = [get('a', 'A'), get('a', 'A')];
    const policy = HONEST.replace("'READ_ONLY' }", "'READ_ONLY', scope: 'tenant', validate: 'stat' }");
    expect((await replayed(calls, policy)).total).toMatchObject({ hits: 1 });
  });

  it.each([
    ['an error', "{ throw new Error('no idea'); }", "describe('get', …) throws Error: no idea"],
    [
      'what is no descriptor',
      '{ return 7; }',
      "describe('get', …) must answer undefined or a descriptor with permissionTier",
    ],
    ['a Promise', "{ return Promise.resolve({ permissionTier: 'READ_ONLY' }); }", 'permissionTier, a text such as'],
    [
      'fields of wrong types',
      "{ return { permissionTier: 'READ_ONLY', volatile: 1, dependsOn: [], mutates: 'all' }; }",
      'volatile, true or false, dependsOn, a function (params), mutates, a function (params)',
    ],
    [
      'a hook that throws',
      "{ return { permissionTier: 'READ_ONLY', dependsOn: (params) => params.no.such }; }",
      "describe('get', …).dependsOn throws TypeError",
    ],
    [
      'a hook that answers no resources',
      "{ return { permissionTier: 'WRITE', mutates: () => ['x'] }; }",
      "describe('get', …).mutates must answer an array of resources",
    ],
  ])('names the tool for which a policy answers %s', async (_what, body, message) => {
    const asked = replayed([get('a', 'A')], `export function describe() ${body}`);
    await expect(asked).rejects.toThrow(PolicyError);
    await expect(asked).rejects.toThrow(message);
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
    it('prints a table and ends with 0', async () => {
      const { code, text } = await run(await traceFile([get('a', 'A'), get('a', 'A')]));
      expect(code).toBe(0);
      expect(text).toMatch(/all tools +│ +2 │ +2 │ +1 │ +50\.0 % │ +0 │ +0\.0 % │/);
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
      const name = basename(policy, '.policy.mjs');
      expect(JSON.parse(text)).toMatchObject({
        store: 'memory',
        rows: [{ policy: name, design: 'descriptors', share: 'run', state: 'forked', calls: 2, hits: 0, tools: [{}] }],
      });
    });

    it('replays under several policies, one row each, and ends with 1 where any of them is wrong', async () => {
      const trace = await traceFile([get('a', 'A'), set('a', 'B'), get('a', 'B'), get('b', 'A'), get('b', 'A')]);
      const [right, wrong] = [await policyFile(HONEST), await policyFile(HONEST.replace("'WRITE'", "'READ_ONLY'"))];
      const asked = [trace, '--policy', right, '--policy', wrong];
      const { code, text } = await run(...asked);
      expect(code).toBe(1);
      expect(text).toMatch(/│ \d+ +│ forked │ all +│ +4 │ +2 │ +50\.0 % │ +0 │ +0\.0 % │/);
      const { rows } = JSON.parse((await run(...asked, '--json')).text) as { rows: object[] };
      expect(rows).toMatchObject([
        { hits: 2, wrongHits: 0, wrongRate: 0 },
        { eligible: 5, hits: 3, wrongHits: 1, wrongRate: 1 / 3 },
      ]);
    });

    it('says what might have been: the obvious design, and the policy with either state however shared', async () => {
      const trace = await traceFile([get('a', 'A'), set('a', 'B'), get('a', 'B'), get('b', 'A'), get('b', 'A')]);
      const { code, text } = await run(trace, '--what-if', '--policy', await policyFile(PER_RESOURCE));
      expect(code).toBe(0);
      const rows = text.split('\n').filter((line) => /│ (run|task|all) +│/.test(line));
      expect(rows.map((row) => /│ +(live|forked|) +│ (run|task|all)/.exec(row)?.slice(1).join(' '))).toEqual([
        ...[' run', ' task', ' all', 'live run', 'live task', 'live all', 'forked run', 'forked task', 'forked all'],
      ]);
      expect(text).toContain('The obvious design: 1 of 2 hits wrong (50.0 %), shared by run.');
      expect(text).toMatch(/Most hits, none wrong: \d+, state forked, shared by all: 2 \(50\.0 %\)\./);
    });

    it('ends with 1 where the policy itself is wrong among its variants, and says when none is right', async () => {
      const trace = await traceFile([get('a', 'A'), get('a', 'B')]);
      const { code, text } = await run(trace, '--what-if');
      expect(code).toBe(1);
      expect(text).toContain('No policy was without wrong hits.');
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

    it('says which policy is not there, or cannot be loaded', async () => {
      const trace = await traceFile([get('a', 'A')]);
      await expect(run(trace, '--policy', 'none.mjs')).rejects.toThrow('There is no policy none.mjs');
      const broken = await policyFile("import 'nowhere-to-be-found';");
      await expect(run(trace, '--policy', broken)).rejects.toThrow(
        /policy\.mjs cannot be loaded: .*nowhere-to-be-found/,
      );
    });

    it('names all that is wrong with a policy', async () => {
      const trace = await traceFile([get('a', 'A')]);
      const policy = await policyFile("export const share = 'everyone'; export const state = 1;");
      await expect(run(trace, '--policy', policy)).rejects.toThrow(
        'describe must be a function (tool, params, env); share must be one of run, task, all; state must be one of live, forked',
      );
    });
  });

  describe('of the airline desk (needs ../shared/traces)', () => {
    const withTrace = existsSync(AIRLINE_TRACE) ? it : it.skip;

    it('takes a policy of less than 60 lines, which the documentation shows', async () => {
      const source = await readFile(AIRLINE_POLICY, 'utf8');
      expect(source.split('\n').length).toBeLessThan(60);
      expect(await readFile(PAGE, 'utf8')).toContain(source);
    });

    withTrace('finds most reads answered, and none wrong, as far as runs share', async () => {
      const calls = await readTrace(AIRLINE_TRACE);
      const policy = await loadPolicy(AIRLINE_POLICY);
      const totalOf = async (share: 'run' | 'task' | 'all') => {
        return (await replay(calls, { ...policy, share }, { redisUrl: null })).total;
      };
      const [all, task, run] = [await totalOf('all'), await totalOf('task'), await totalOf('run')];
      expect(policy).toMatchObject({ state: 'forked', share: 'all' });
      for (const total of [all, task, run]) expect(total).toMatchObject({ calls: 1164, eligible: 774, wrongHits: 0 });
      expect(all.hitRate).toBeGreaterThanOrEqual(0.59);
      expect(task.hitRate).toBeGreaterThanOrEqual(0.53);
      expect(run.hits).toBeGreaterThan(0);
      expect(all.savedMs).toBeGreaterThan(0);
    });

    withTrace('prints what the documentation shows', async () => {
      const report = await replay(await readTrace(AIRLINE_TRACE), await loadPolicy(AIRLINE_POLICY), { redisUrl: null });
      expect(await readFile(PAGE, 'utf8')).toContain(reportTable(report));
    });
  });

  describe('of a coding agent', () => {
    const replayedAs = async (design: string, state: string, share: string): Promise<Counts> => {
      const asked = variantsOf(await loadPolicy(CODING_POLICY)).find((policy) => {
        return policy.design === design && policy.state === state && policy.share === share;
      });
      return (await replay(await readTrace(CODING_TRACE), asked!, { redisUrl: null })).total;
    };

    it('is what its tools answer', async () => {
      const { codingTrace } = (await import(join(CODING_TRACE, '../coding-trace.mjs'))) as { codingTrace(): unknown };
      expect(await readTrace(CODING_TRACE)).toEqual(codingTrace());
    });

    it('prints what the documentation shows', async () => {
      const { code, text } = await run(CODING_TRACE, '--policy', CODING_POLICY, '--what-if');
      expect(code).toBe(0);
      const shown = text.split('\n').slice(1, 16).join('\n');
      expect(shown).toContain('Most hits, none wrong');
      expect(await readFile(PAGE, 'utf8')).toContain(shown);
    });

    it('shows that the obvious design answers wrongly, and that state by resource does not', async () => {
      for (const share of ['run', 'task', 'all']) {
        expect((await replayedAs('obvious', 'forked', share)).wrongRate).toBeGreaterThan(0.3);
        expect((await replayedAs('descriptors', 'forked', share)).wrongHits).toBe(0);
      }
      expect((await replayedAs('descriptors', 'forked', 'all')).hitRate).toBeGreaterThan(0.8);
    });

    it.each([
      ['leaves the working folder out', "'READ_ONLY', dependsOn", "'READ_ONLY', vary: 'nothing', dependsOn"],
      [
        'forgets that a listing shows new files',
        'write_file: changes(({ path }) => [file(cwd, path), files])',
        'write_file: changes(({ path }) => [file(cwd, path)])',
      ],
      [
        'forgets that a replacement changes the file',
        'replace: changes(({ path }) => [file(cwd, path), files])',
        'replace: changes(() => [files])',
      ],
      ['forgets that tests see all files', '[everything()]', '[]'],
    ])('finds wrong hits under a policy that %s', async (_what, text, mutant) => {
      const source = await readFile(CODING_POLICY, 'utf8');
      expect(source).toContain(text);
      const policy = await loadPolicy(await policyFile(source.replace(text, mutant)));
      const { total } = await replay(await readTrace(CODING_TRACE), policy, { redisUrl: null });
      expect(total.wrongHits).toBeGreaterThan(0);
    });

    it('shows that live state is right within a run and wrong between copies', async () => {
      expect(await replayedAs('descriptors', 'live', 'run')).toMatchObject({ wrongHits: 0 });
      expect((await replayedAs('descriptors', 'live', 'all')).wrongHits).toBeGreaterThan(0);
    });
  });
});
