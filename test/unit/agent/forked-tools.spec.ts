import { describe, expect, it } from '@jest/globals';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { CacheArgumentError } from '../../../src/core/errors.js';
import { file, tree } from '../../../src/core/policy/resource.js';
import type { Fork } from '../../../src/core/ports/fork-source.js';
import type { RunScope } from '../../../src/core/policy/scope.js';
import { createCacheKit, deferred, settle } from '../../support/cache-kit.js';
import { createRecordingCache, type RecordingCache, type RecordingOptions } from '../../support/recording-cache.js';

interface Path {
  readonly path: string;
}
type Call = { tool: string; params: object };

const TOOLS: Record<string, ToolDescriptor> = {
  read: { permissionTier: 'READ_ONLY', dependsOn: ({ path }: Path) => [file(path)] },
  list: { permissionTier: 'READ_ONLY', dependsOn: ({ path }: Path) => [tree(path)] },
  look: { permissionTier: 'READ_ONLY' },
  write: { permissionTier: 'WRITE', mutates: ({ path }: Path) => [file(path)] },
  dice: { permissionTier: 'WRITE', volatile: true, mutates: ({ path }: Path) => [file(path)] },
};
const call = (tool: string, path = 'a', more: object = {}): Call => ({ tool, params: { path, ...more } });
const BASE = 'repo@1';

/** Copies of one base, and tools that work on them. */
class Copies {
  readonly kit: RecordingCache;
  runs = 0;
  onTool: (given: Call) => unknown = () => undefined;
  private readonly execute: (given: Call) => Promise<unknown>;

  /** `mutateFork`: takes the place of the copy that tools see, such as one with a forgotten rule. */
  constructor({ mutateFork, ...options }: RecordingOptions & { readonly mutateFork?: (fork: Fork) => Fork } = {}) {
    this.kit = createRecordingCache({ tools: TOOLS, ...options });
    const policy = readOnlyToolPolicy({});
    const current = (): Fork | undefined => {
      const fork = this.kit.composed.forks.current();
      return fork && mutateFork ? mutateFork(fork) : fork;
    };
    const run: typeof policy.run = (given, services) => policy.run(given, { ...services, forks: { current } });
    this.execute = this.kit.under({ ...policy, run }, async (given: Call) => {
      this.runs++;
      return (await this.onTool(given)) ?? {};
    });
  }

  in<T>(scope: RunScope, run: () => Promise<T>): Promise<T> {
    return this.kit.composed.scope.run(scope, run);
  }

  do(session: string, given: Call, scope: RunScope = {}): Promise<unknown> {
    return this.in({ session, base: BASE, ...scope }, () => this.execute(given));
  }

  live(given: Call): Promise<unknown> {
    return this.execute(given);
  }

  /** Whether the cache answers. */
  async hits(session: string, given: Call, scope: RunScope = {}): Promise<boolean> {
    return this.kit.statusOf(await this.do(session, given, scope)) === 'hit';
  }
}

describe('runs on copies of one base', () => {
  it('share what none of them has written to, whatever they have written elsewhere', async () => {
    const copies = new Copies();
    await copies.do('s1', call('read'));
    await copies.do('s2', call('write', 'b'));
    expect(await copies.hits('s2', call('read'))).toBe(true);
    expect(await copies.hits('s2', call('read', 'b'))).toBe(false);
    expect(await copies.hits('s1', call('read', 'b'))).toBe(false);
    expect(await copies.hits('s3', call('read', 'b'))).toBe(true);
  });

  it('share after equal writes, and not after others', async () => {
    const copies = new Copies();
    for (const session of ['s1', 's2']) await copies.do(session, call('write', 'a', { text: 'x' }));
    await copies.do('s3', call('write', 'a', { text: 'y' }));
    expect(await copies.hits('s1', call('read'))).toBe(false);
    expect(await copies.hits('s2', call('read'))).toBe(true);
    expect(await copies.hits('s3', call('read'))).toBe(false);
    expect(await copies.hits('s4', call('read'))).toBe(false);
  });

  it('see writes below a folder, and those of tools that nobody knows', async () => {
    const copies = new Copies();
    for (const given of [call('list', 'd'), call('read'), call('look')]) await copies.do('s1', given);
    await copies.do('s2', call('write', 'd/x/y'));
    expect(await copies.hits('s2', call('list', 'd'))).toBe(false);
    expect(await copies.hits('s2', call('look'))).toBe(false);
    expect(await copies.hits('s2', call('read'))).toBe(true);
    await copies.do('s3', call('unknown'));
    expect(await copies.hits('s3', call('read'))).toBe(false);
    expect(await copies.hits('s1', call('read'))).toBe(true);
  });

  it('leave the live world and other bases alone, and are left alone', async () => {
    const copies = new Copies();
    await copies.live(call('read'));
    await copies.do('s1', call('read'));
    await copies.do('s1', call('read'), { base: 'repo@2' });
    await copies.do('s2', call('write'));
    expect(copies.kit.eventsOf('invalidate')).toEqual([]);
    expect(copies.kit.statusOf(await copies.live(call('read')))).toBe('hit');
    await copies.live(call('write'));
    expect(await copies.hits('s1', call('read'))).toBe(true);
    expect(await copies.hits('s1', call('read'), { base: 'repo@2' })).toBe(true);
    expect(copies.kit.statusOf(await copies.live(call('read')))).toBe('miss');
  });

  it('need no command to know their state', async () => {
    const copies = new Copies();
    await copies.do('s1', call('read'));
    copies.kit.store.calls.length = 0;
    await copies.do('s1', call('write', 'b'));
    expect(await copies.hits('s1', call('read'))).toBe(true);
    // The entry and the version of its namespace: where that is in memory, nothing is asked.
    expect(copies.kit.store.calls).toMatchObject([{ operation: 'read', keys: { length: 2 } }]);
  });

  it('lose what is invalidated by namespace', async () => {
    const copies = new Copies();
    await copies.do('s1', call('read'));
    await copies.kit.cache.invalidate({ namespace: 'tool' });
    expect(await copies.hits('s1', call('read'))).toBe(false);
  });

  it.each<[string, (given: Call) => unknown]>([
    ['throws', ({ tool }) => (tool === 'write' ? Promise.reject(new Error('disk')) : {})],
    ['answers that it failed', ({ tool }) => ({ ok: tool !== 'write' })],
  ])('share nothing after a write that %s: nobody knows how far it got', async (_name, onTool) => {
    const copies = new Copies();
    copies.onTool = onTool;
    for (const session of ['s1', 's2']) await copies.do(session, call('write')).catch(() => undefined);
    for (const session of ['s0', 's1', 's2']) expect(await copies.hits(session, call('read'))).toBe(false);
    for (const session of ['s0', 's1', 's2']) expect(await copies.hits(session, call('read'))).toBe(true);
  });

  it('share nothing after a write that is volatile, or that no key can be made of', async () => {
    const copies = new Copies();
    for (const session of ['s1', 's2']) await copies.do(session, call('dice'));
    for (const session of ['s1', 's2']) expect(await copies.hits(session, call('read'))).toBe(false);
    for (const session of ['s3', 's4']) await copies.do(session, call('write', 'b', { on: () => 1 }));
    for (const session of ['s3', 's4']) expect(await copies.hits(session, call('read', 'b'))).toBe(false);
  });
});

describe('a read and a write of one run at the same time', () => {
  it('store nothing that was read before the write had ended, under no state', async () => {
    const copies = new Copies();
    const [reading, writing] = [deferred<void>(), deferred<void>()];
    copies.onTool = ({ tool }) => (tool === 'read' ? reading.promise : writing.promise);
    const early = copies.do('s1', call('read'));
    await settle();
    const write = copies.do('s1', call('write'));
    await settle();
    const during = copies.do('s1', call('read'));
    await settle();
    reading.resolve();
    expect(copies.kit.statusOf(await during)).toBe('bypass');
    await early;
    writing.resolve();
    await write;
    expect(copies.kit.eventsOf('set')).toEqual([]);
    expect(copies.kit.eventsOf('bypass').at(-2)).toEqual({ category: 'tool', reason: 'unknown-state' });
    expect(copies.kit.eventsOf('refused')).toMatchObject([
      { reason: 'what it depends on was written during the load' },
    ]);
    expect(await copies.hits('s1', call('read'))).toBe(false);
    expect(await copies.hits('s2', call('read'))).toBe(false);
  });

  it('give nothing of it to another run that waited for the read, also not its error', async () => {
    const copies = new Copies();
    const gate = deferred<void>();
    let reads = 0;
    copies.onTool = async ({ tool }) => {
      if (tool !== 'read') return {};
      const isFirst = reads++ === 0;
      await gate.promise;
      if (isFirst) throw new Error('it is being written');
      return { of: 'the base' };
    };
    const first = copies.do('s1', call('read'));
    await settle();
    const second = copies.do('s2', call('read'));
    await settle();
    await copies.do('s1', call('write'));
    gate.resolve();
    await expect(first).rejects.toThrow('it is being written');
    expect(await second).toEqual({ of: 'the base' });
  });
});

describe('who shares a copy’s answers', () => {
  it.each<[string, RunScope, RunScope, boolean]>([
    ['sessions of one tenant', { tenant: 't' }, { tenant: 't' }, true],
    ['no two tenants', { tenant: 't' }, { tenant: 'u' }, false],
    ['no two principals', { tenant: 't', principal: 'a' }, { tenant: 't', principal: 'b' }, false],
    ['no two workspaces', { workspace: 'a' }, { workspace: 'b' }, false],
    ['nobody who is not known', { tenant: undefined as never }, { tenant: undefined as never }, false],
  ])('%s', async (_name, one, other, isShared) => {
    const copies = new Copies();
    await copies.do('s1', call('read'), one);
    expect(await copies.hits('s2', call('read'), other)).toBe(isShared);
  });

  it('is what the scope of the descriptor says', async () => {
    const hitsWith = async (scope: 'public' | 'session'): Promise<boolean> => {
      const copies = new Copies({ tools: { ...TOOLS, read: { ...TOOLS.read!, scope } } });
      await copies.do('s1', call('read'), { tenant: 't' });
      return copies.hits('s2', call('read'), { tenant: 'u' });
    };
    expect([await hitsWith('public'), await hitsWith('session')]).toEqual([true, false]);
  });

  it('is nobody where a resolver knows nothing', async () => {
    const copies = new Copies({ cache: { scope: { resolve: () => undefined } } });
    await copies.do('s1', call('read'));
    expect(await copies.hits('s2', call('read'))).toBe(false);
  });
});

describe('CacheScope.run() with a base', () => {
  it('holds for everything that its function starts, and for an inner run() that names neither base nor session', async () => {
    const copies = new Copies();
    await copies.do('s1', call('write'));
    const read = () => copies.live(call('read'));
    await copies.in({ session: 's1', base: BASE }, () => copies.in({ workspace: 'w' }, read));
    expect(copies.kit.statusOf(await copies.in({ session: 's2', base: BASE, workspace: 'w' }, read))).toBe('miss');
    expect(
      copies.kit.statusOf(await copies.in({ session: 's1', base: BASE }, () => copies.in({ workspace: 'w' }, read))),
    ).toBe('hit');
  });

  it('is another copy for another session, and the live world where base is undefined', async () => {
    const copies = new Copies();
    const read = () => copies.live(call('read'));
    await copies.live(call('read'));
    await copies.in({ session: 's1', base: BASE }, async () => {
      await copies.live(call('write'));
      await read();
      expect(copies.kit.statusOf(await copies.in({ session: 's2' }, read))).toBe('miss');
      expect(copies.kit.statusOf(await copies.in({ session: 's1', base: undefined }, read))).toBe('miss');
      expect(
        copies.kit.composed.scope.run({ base: undefined }, () => copies.kit.composed.scope.chain()),
      ).toBeUndefined();
    });
    expect(await copies.hits('s3', call('read'))).toBe(true);
  });

  it('takes a chain over in another process', async () => {
    const copies = new Copies();
    await copies.do('s1', call('write'));
    await copies.do('s1', call('read'));
    const { scope } = copies.kit.composed;
    const chain = scope.run({ session: 's1', base: BASE }, () => scope.chain());
    const elsewhere = new Copies({ shared: copies.kit });
    expect(await elsewhere.hits('s1', call('read'), { chain })).toBe(true);
    expect(await elsewhere.hits('s2', call('read'))).toBe(false);
  });

  it.each<[string, RunScope]>([
    ['a base without a session', { base: BASE }],
    ['an empty base', { session: 's', base: '' }],
    ['a base that is no text', { session: 's', base: 5 as never }],
    ['a base that is not well-formed', { session: 's', base: '\ud800' }],
    ['a chain without a base', { session: 's', chain: '1.' }],
    ['a chain that is none', { session: 's', base: BASE, chain: 'x' }],
  ])('refuses %s', (_name, scope) => {
    expect(() => createCacheKit().composed.scope.run(scope, () => 1)).toThrow(CacheArgumentError);
  });

  it('gives the state to those who load without a tool', async () => {
    const { cache, composed } = createCacheKit();
    const { scope } = composed;
    let loads = 0;
    const load = (session: string) =>
      scope.run({ session, base: BASE }, () => {
        return cache.getOrLoad('read:a', async () => ++loads, { state: scope.state(file('a')) });
      });
    expect([await load('s1'), await load('s2')]).toEqual([1, 1]);
    await cache.invalidate({ resource: file('a') });
    expect(await load('s3')).toBe(1);
    expect(scope.state(file('a'))).toBeUndefined();
    expect([await cache.getOrLoad('k:1', async () => ++loads, { state: null }), loads]).toEqual([2, 2]);
    const late = () => cache.getOrLoad('k:2', async (load) => (load.dependsOn(file('b')), ++loads), { state: 'x' });
    expect([await late(), await late()]).toEqual([3, 4]);
    await expect(cache.getOrLoad('k:3', async () => 1, { state: 5 as never })).rejects.toThrow(CacheArgumentError);
  });
});

describe('what would go wrong', () => {
  /** A run reads, and writes while that is under way; then another run reads. Answers what that one is given. */
  async function answerAfterRace(mutate: (fork: Fork) => Fork): Promise<unknown> {
    const copies = new Copies({ mutateFork: mutate });
    const gate = deferred<void>();
    let isWritten = false;
    let reads = 0;
    copies.onTool = async ({ tool }) => {
      if (tool === 'write') return void (isWritten = true);
      if (reads++ > 0) return { of: 'the base' };
      await gate.promise;
      return { of: isWritten ? 'the copy of s1' : 'the base' };
    };
    const reading = copies.do('s1', call('read'));
    await settle();
    await copies.do('s1', call('write'));
    gate.resolve();
    await reading;
    return copies.do('s2', call('read'));
  }

  it('nothing, as it is', async () => {
    expect(await answerAfterRace((fork) => fork)).toEqual({ of: 'the base' });
  });

  it('if the state were not asked for again after the load (mutant)', async () => {
    const mutate = (fork: Fork): Fork => {
      const first = fork.stateOf([file('a')]);
      return { stateOf: () => first, begin: (write) => fork.begin(write) };
    };
    expect(await answerAfterRace(mutate)).toEqual({ of: 'the copy of s1' });
  });
});
