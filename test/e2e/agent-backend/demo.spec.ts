import { describe, expect, it, jest } from '@jest/globals';

interface DemoTask {
  readonly conversation: number;
  readonly message: string;
  readonly toolCalls: readonly { tool: string; params: Record<string, unknown> }[];
}

/** The demo is plain JavaScript without types. */
const load = async (name: string) => (await import(`../../../scripts/${name}.mjs`)) as Record<string, never>;
const { play } = (await load('demo')) as unknown as {
  play(tasks: readonly object[], plain: object, cached: object): Promise<unknown>;
};
const { tasksFrom } = (await load('demo/workload')) as unknown as {
  tasksFrom(seed: number, count: number, files: readonly string[]): DemoTask[];
};
const { comparable } = (await load('demo/client')) as unknown as { comparable(answer: unknown): string };
const { quantile, readAgain } = (await load('demo/findings')) as unknown as {
  quantile(values: readonly number[], share: number): number;
  readAgain(tasks: readonly DemoTask[], answers: readonly object[]): Map<string, { again: number; hits: number }>;
};

interface Expectation {
  readonly isMet: boolean;
  readonly isTime: boolean;
  readonly text: string;
}
const { expectations, expectationList } = (await load('demo/report')) as unknown as {
  expectations(result: object): readonly Expectation[];
  expectationList(expected: readonly Expectation[], isMarkdown: boolean): string;
};

const FILES = Array.from({ length: 50 }, (_, index) => `src/${index}.ts`);

describe("the demo's tasks", () => {
  it('are the same for the same seed, and others for another', () => {
    expect(tasksFrom(7, 50, FILES)).toEqual(tasksFrom(7, 50, FILES));
    expect(tasksFrom(7, 50, FILES)).not.toEqual(tasksFrom(8, 50, FILES));
  });

  it.each([1, 2, 3])('repeat, change files and follow one another (seed %i)', (seed) => {
    const tasks = tasksFrom(seed, 200, FILES);
    const changes = tasks.filter(({ toolCalls }) => toolCalls.some(({ tool }) => tool === 'append_file')).length;
    expect(changes).toBeGreaterThan(1);
    expect(changes).toBeLessThan(30);
    expect(new Set(tasks.map(({ message }) => message)).size).toBeLessThan(70);
    expect(new Set(tasks.map(({ conversation }) => conversation)).size).toBeLessThan(160);
    const tools = new Set(tasks.flatMap(({ toolCalls }) => toolCalls.map(({ tool }) => tool)));
    expect(tools.size).toBeGreaterThanOrEqual(5);
  });
});

describe("the demo's comparison", () => {
  const answer = {
    taskId: 'task-1',
    steps: [{ kind: 'tool', result: { text: 'a' }, cache_hit: false, ms: 1 }],
    answer: 'a',
  };

  it('does not see ids, times and where an answer came from', () => {
    const other = { ...answer, taskId: 'task-2', steps: [{ ...answer.steps[0], cache_hit: true, ms: 9 }] };
    expect(comparable(other)).toBe(comparable(answer));
    expect(comparable({ at: '2026-01-01T00:00:00.000Z' })).toBe(comparable({ at: '2026-01-02T10:00:00.5Z' }));
  });

  it('sees every other difference', () => {
    expect(comparable({ ...answer, answer: 'b' })).not.toBe(comparable(answer));
    expect(comparable({ ...answer, steps: [{ ...answer.steps[0], result: { text: 'b' } }] })).not.toBe(
      comparable(answer),
    );
    expect(comparable({ ...answer, steps: [] })).not.toBe(comparable(answer));
  });
});

describe("the demo's findings", () => {
  it('count as read again what was asked for before, and no writes', () => {
    const read = { tool: 'read_file', params: { path: 'a' } };
    const write = { tool: 'append_file', params: { path: 'a' } };
    const tasks = [1, 2].map((conversation) => ({ conversation, message: 'm', toolCalls: [read, write, read] }));
    const tool = (name: string, cache_hit: boolean) => ({ kind: 'tool', tool: name, cache_hit });
    const steps = [
      { kind: 'context', cache_hit: false },
      tool('read_file', false),
      tool('append_file', false),
      { kind: 'context', cache_hit: true },
      tool('read_file', false),
    ];
    const answers = ['t1', 't2'].map((taskId) => ({ taskId, turn: 1, steps }));
    const again = readAgain(tasks, answers);
    expect(again.get('context')).toEqual({ again: 2, hits: 2 });
    expect(again.get('tool')).toEqual({ again: 3, hits: 0 });
  });

  it('take quantiles of what there is', () => {
    expect([0, 0.5, 0.99, 1].map((share) => quantile([3, 1, 2], share))).toEqual([1, 2, 3, 3]);
    expect(quantile([], 0.5)).toBe(0);
  });
});

describe("the demo's progress bar", () => {
  it('gives the terminal its cursor back where a request fails', async () => {
    const isTTY = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true });
    try {
      const failing = { task: () => Promise.reject(new Error('answered 500')) };
      await expect(play([{}], failing, failing)).rejects.toThrow('answered 500');
      const shown = write.mock.calls.map(([text]) => String(text)).join('');
      expect(shown.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.lastIndexOf('\u001b[?25l'));
    } finally {
      write.mockRestore();
      if (isTTY) Object.defineProperty(process.stderr, 'isTTY', isTTY);
      else Reflect.deleteProperty(process.stderr, 'isTTY');
    }
  });
});

describe("the demo's expectations", () => {
  const counts = (queries: number) => ({ counts: { queries } });
  const step = (cache_hit: boolean, ms: number) => ({ kind: 'context', cache_hit, ms });
  const result = (steps: readonly object[], queries: number, p99Ms: number) => ({
    before: counts(100),
    after: { ...counts(queries), answers: [{ taskId: 't', turn: 1, steps }] },
    tasks: [{ message: 'm', toolCalls: [] }],
    metrics: { latency: { get: { p50Ms: 1, p99Ms }, set: { p50Ms: 1, p99Ms: 1 } } },
    differing: [],
    isSameAtTheEnd: true,
  });
  const unmet = (...of: Parameters<typeof result>) =>
    expectations(result(...of)).flatMap(({ isMet, isTime }) => (isMet ? [] : [isTime ? 'time' : 'count']));

  it('are met', () => {
    expect(unmet([step(false, 1), step(true, 1)], 40, 1)).toEqual([]);
  });

  it('are about counts where too many queries or misses are left, or an answer differs', () => {
    expect(unmet([step(false, 1), step(true, 1)], 41, 1)).toEqual(['count']);
    expect(unmet([step(false, 1), step(true, 1), step(false, 1)], 40, 1)).toEqual(['count']);
    expect(expectations({ ...result([step(false, 1)], 40, 1), differing: [0] })[2]).toMatchObject({ isMet: false });
  });

  it('are about time where a hit or an operation of the cache was slow', () => {
    expect(unmet([step(false, 1), step(true, 11)], 40, 1)).toEqual(['time']);
    expect(unmet([step(false, 1), step(true, 1)], 40, 5)).toEqual(['time']);
  });

  it('say that slowness is no failure', () => {
    const list = expectationList(expectations(result([step(false, 1), step(true, 11)], 41, 1)), false);
    expect(list).toMatch(/^✗ at least 60 % fewer database queries: 59\.0 %$/m);
    expect(list).toMatch(/^✗ cached answers under 10 ms: .* \(a busy machine may be why: not counted as a failure\)$/m);
  });
});
