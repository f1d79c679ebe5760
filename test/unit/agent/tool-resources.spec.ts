import { describe, expect, it, jest } from '@jest/globals';
import type { FileStates } from '../../../src/agent/calls/method-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { everything, file, resource, tree } from '../../../src/core/policy/resource.js';
import { deferred, settle } from '../../support/cache-kit.js';
import {
  createRecordingCache,
  withMethods,
  type RecordingCache,
  type RecordingOptions,
} from '../../support/recording-cache.js';

interface Path {
  readonly path: string;
}
type Call = { tool: string; params: unknown };

const TOOLS: Record<string, ToolDescriptor> = {
  read: { permissionTier: 'READ_ONLY', dependsOn: ({ path }: Path) => [file(path)] },
  search: { permissionTier: 'READ_ONLY', dependsOn: ({ path }: Path) => [tree(path)] },
  look: { permissionTier: 'READ_ONLY' },
  calculate: { permissionTier: 'READ_ONLY', dependsOn: () => [] },
  write: { permissionTier: 'WRITE', mutates: ({ path }: Path) => [file(path)] },
  notify: { permissionTier: 'WRITE', mutates: () => [] },
  shell: { permissionTier: 'SYSTEM' },
};
const call = (tool: string, path = '/w/a'): Call => ({ tool, params: { path } });
const kitOf = (options: RecordingOptions = {}): RecordingCache => createRecordingCache({ tools: TOOLS, ...options });

type Run = (...args: Call[]) => Promise<unknown>;
function executor(kit: RecordingCache, method: (given: Call) => unknown = () => ({})): Run {
  return kit.under(readOnlyToolPolicy({}), async (given: Call) => method(given));
}

/** Which of the reads the cache answers. */
async function hits(kit: RecordingCache, run: Run, reads: readonly Call[]): Promise<boolean[]> {
  const found = [];
  for (const read of reads) found.push(kit.statusOf(await run(read)) === 'hit');
  return found;
}

const READS = [
  call('read', '/w/a'),
  call('read', '/w/b'),
  call('search', '/w'),
  call('search', '/x'),
  call('look'),
  call('calculate'),
];

/** Which of the reads are answered by the cache after a change that follows them. */
async function hitsAfter(change: Call, options: RecordingOptions = {}): Promise<boolean[]> {
  const kit = kitOf(options);
  const run = executor(kit);
  await hits(kit, run, READS);
  await run(change).catch(() => undefined);
  return hits(kit, run, READS);
}

describe('a tool that changes something', () => {
  it.each<[string, Call, boolean[]]>([
    ['one file', call('write', '/w/./x/../a'), [false, true, false, true, false, true]],
    ['nothing', call('notify'), [true, true, true, true, true, true]],
    ['nobody knows what', call('shell'), [false, false, false, false, false, true]],
    ['and is unknown', call('who'), [false, false, false, false, false, true]],
  ])('makes exactly those answers unusable that depend on it: %s', async (_name, change, expected) => {
    expect(await hitsAfter(change)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers nothing', () => undefined],
    ['answers a Promise', async () => [file('/w/a')]],
    ['answers what is no resource', () => ['/w/a']],
    ['answers a wrong path', () => [{ type: 'file', id: '\0' }]],
  ])('changes everything where `mutates` %s, and that is said once', async (_name, mutates) => {
    const tools = { ...TOOLS, write: { ...TOOLS.write, mutates } as ToolDescriptor };
    expect(await hitsAfter(call('write'), { tools })).toEqual([false, false, false, false, false, true]);
    const kit = kitOf({ tools });
    const run = executor(kit);
    await run(call('write'));
    await run(call('write'));
    expect(kit.warnings).toHaveLength(1);
    expect(kit.warnings[0]?.message).toContain('`mutates`');
  });

  it.each<[string, () => unknown]>([
    ['succeeds', () => ({ ok: true })],
    ['answers that it failed', () => ({ ok: false })],
    ['throws', () => Promise.reject(new Error('disk'))],
  ])('lets nothing survive that was loaded while it ran: it %s', async (_name, end) => {
    const kit = kitOf();
    const gate = deferred<void>();
    const run = executor(kit, async ({ tool }) => {
      if (tool === 'write') await gate.promise.then(end);
      return {};
    });
    const writing = run(call('write')).catch(() => undefined);
    await settle();
    await run(call('read'));
    gate.resolve();
    await writing;
    expect(await hits(kit, run, [call('read')])).toEqual([false]);
  });

  it('lets nothing be stored after it that was being loaded before it', async () => {
    const kit = kitOf();
    const gates = [deferred<void>(), deferred<void>()];
    const run = executor(kit, async ({ tool }) => {
      if (tool === 'read') await gates[0]!.promise;
      else await gates[1]!.promise;
      return {};
    });
    const reading = run(call('read'));
    await settle();
    const writing = run(call('write'));
    await settle();
    gates[0]!.resolve();
    await reading;
    gates[1]!.resolve();
    await writing;
    expect(await hits(kit, run, [call('read')])).toEqual([false]);
  });

  it('would let answers survive without the invalidation after it (mutant)', async () => {
    const kit = kitOf({
      mutate: (cache) =>
        withMethods(cache, {
          invalidateAround: async (target, change) => {
            await cache.invalidate(target as never);
            return change();
          },
        }),
    });
    const gate = deferred<void>();
    const run = executor(kit, async ({ tool }) => (tool === 'write' ? gate.promise : {}));
    const writing = run(call('write'));
    await settle();
    await run(call('read'));
    gate.resolve();
    await writing;
    expect(await hits(kit, run, [call('read')])).toEqual([true]);
  });

  it('leaves what other tenants have where nobody knows what it changes', async () => {
    const kit = kitOf();
    const run = executor(kit);
    const { scope } = kit.composed;
    const reads = [call('read'), call('look')];
    const as = (tenant: string) => scope.run({ tenant }, () => hits(kit, run, reads));
    for (const tenant of ['acme', 'other']) await as(tenant);
    await scope.run({ tenant: 'acme' }, () => run(call('who')));
    expect([await as('other'), await as('acme')]).toEqual([
      [true, true],
      [false, false],
    ]);
    await run(call('who'));
    expect(await as('other')).toEqual([false, false]);
  });
});

describe('what a tool depends on', () => {
  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers nothing', () => undefined],
    ['answers a Promise that fails', async () => Promise.reject(new Error('late'))],
    ['answers what is no resource', () => [5]],
  ])('is not known where `dependsOn` %s: the call runs past the cache', async (_name, dependsOn) => {
    const kit = kitOf({ tools: { read: { permissionTier: 'READ_ONLY', dependsOn } as ToolDescriptor } });
    const run = executor(kit);
    expect(await hits(kit, run, [call('read'), call('read')])).toEqual([false, false]);
    expect(kit.eventsOf('bypass')[1]).toEqual({ category: 'tool', reason: 'unknown-dependencies' });
    expect(kit.warnings).toHaveLength(1);
  });

  it('is asked with the parameters of the call', async () => {
    const dependsOn = jest.fn((_params: unknown) => [resource('a', '1')]);
    const kit = kitOf({ tools: { read: { permissionTier: 'READ_ONLY', dependsOn } } });
    const run = kit.under(readOnlyToolPolicy({}), async (_given: object) => ({}));
    await run({ name: 'read', arguments: '{"path":"/w/a"}' });
    await run({ tool: 'read', input: [1] });
    expect(dependsOn.mock.calls).toEqual([[{ path: '/w/a' }], [[1]]]);
  });

  it('is kept out by `admit` of the descriptor, and by that of the decorator', async () => {
    const admitted = async (described: boolean, own: boolean): Promise<boolean> => {
      const kit = kitOf({ tools: { read: { permissionTier: 'READ_ONLY', admit: () => described } } });
      const run = kit.under(readOnlyToolPolicy({ admit: () => own }), async (_given: Call) => ({}));
      return (await hits(kit, run, [call('read'), call('read')]))[1]!;
    };
    expect([await admitted(true, true), await admitted(false, true), await admitted(true, false)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('files that are looked at', () => {
  /** Answers in turn; the last one for ever. */
  class ScriptedStates implements FileStates {
    readonly asked: unknown[] = [];
    constructor(private readonly answers: (string | null | Error)[]) {}

    async of(...asked: Parameters<FileStates['of']>): Promise<string | null> {
      this.asked.push(asked);
      const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
      if (answer instanceof Error) throw answer;
      return answer;
    }
  }
  const withStates = (...answers: (string | null | Error)[]): { kit: RecordingCache; files: ScriptedStates } => {
    const files = new ScriptedStates(answers);
    const tools = { ...TOOLS, read: { ...TOOLS.read, validate: 'stat' } as ToolDescriptor };
    return { kit: kitOf({ tools, files }), files };
  };

  it('give a hit only where they are as they were', async () => {
    const { kit, files } = withStates('1', '1', '1', '2', '2', '1');
    const run = executor(kit);
    expect(await hits(kit, run, [call('read'), call('read'), call('read'), call('read')])).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(files.asked[0]).toEqual([[file('/w/a')], 'stat']);
  });

  it('keep an answer out, and from others, where they have changed while it was loaded', async () => {
    const { kit } = withStates('1', '1', '2', '1', '1');
    const gate = deferred<void>();
    let count = 0;
    const run = executor(kit, async () => {
      await gate.promise;
      return { count: ++count };
    });
    const both = [run(call('read')), run(call('read'))];
    await settle();
    gate.resolve();
    expect(await Promise.all(both)).toEqual([{ count: 1 }, { count: 2 }]);
    const reason = 'a file that it depends on changed during the load';
    expect(kit.eventsOf('refused')[0]).toEqual({ category: 'tool', reason, isIntended: true });
  });

  it.each([
    ['changed and changed back while it was loaded', ['1', '3'], [false, false]],
    ['were as they are for too short a time', [null, null], [false, false]],
    ['were left alone', ['1', '1'], [false, true]],
  ])("under 'content' keep an answer out where they %s", async (_how, times, expected) => {
    const moments = [...times];
    const files: FileStates = {
      of: (_resources, how) =>
        Promise.resolve(how === 'content' ? 'same' : moments.length > 0 ? moments.shift()! : '3'),
    };
    const described = { permissionTier: 'READ_ONLY', validate: 'content', dependsOn: () => [file('/w/a')] } as const;
    const kit = kitOf({ tools: { read: described }, files });
    expect(await hits(kit, executor(kit), [call('read'), call('read')])).toEqual(expected);
  });

  it.each<[string, null | Error]>([
    ['nobody can tell', null],
    ['looking fails', new Error('EIO')],
  ])('let the call run past the cache where %s', async (_name, answer) => {
    const { kit } = withStates(answer);
    expect(await hits(kit, executor(kit), [call('read'), call('read')])).toEqual([false, false]);
    expect(kit.eventsOf('bypass')[1]).toEqual({ category: 'tool', reason: 'files-changing' });
  });

  it('keep an answer out where nobody can tell afterwards', async () => {
    const { kit } = withStates('1', null, '1', '1');
    expect(await hits(kit, executor(kit), [call('read'), call('read')])).toEqual([false, false]);
    expect(kit.eventsOf('set')).toHaveLength(1);
  });

  it('are not known without `dependsOn`', async () => {
    const kit = kitOf({ tools: { look: { permissionTier: 'READ_ONLY', validate: 'stat' } } });
    expect(await hits(kit, executor(kit), [call('look'), call('look')])).toEqual([false, false]);
    expect(kit.eventsOf('bypass')[0]).toEqual({ category: 'tool', reason: 'unknown-dependencies' });
    expect(kit.warnings[0]?.message).toContain('`dependsOn`');
  });

  it('are nobody’s concern by default', async () => {
    const files = new ScriptedStates([new Error('never')]);
    const kit = kitOf({ files });
    expect(await hits(kit, executor(kit), [call('read'), call('read')])).toEqual([false, true]);
    expect(files.asked).toEqual([]);
    expect(everything()).toEqual({ type: '*', id: '*' });
  });
});
