import { describe, expect, it, jest } from '@jest/globals';
import { HISTORY_FIELDS } from '../../../src/agent/contexts/context-history.js';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { invalidatesContextPolicy } from '../../../src/agent/contexts/invalidates-context-policy.js';
import { deferred, settle } from '../../support/cache-kit.js';
import { createRecordingCache, type RecordingCache } from '../../support/recording-cache.js';

interface Request {
  readonly taskId: string;
  readonly turn: number;
  readonly [field: string]: unknown;
}
type Options = Parameters<typeof contextPolicy>[0];

const TURN: Request = { taskId: 'a', turn: 4 };
const CONVERSATION = ['one', 'two', 'three'].map((content) => ({ role: 'user', content }));

interface Conversations {
  readonly kit: RecordingCache;
  readonly builds: jest.Mock<(request: Request) => Promise<unknown>>;
  read(request: Request): Promise<unknown>;
}

/** A builder that repeats, in a message of its own, all that the request says of the history. */
function conversations(options: Options = {}): Conversations {
  const kit = createRecordingCache();
  const builds = jest.fn(async (request: Request): Promise<unknown> => {
    return { messages: [{ role: 'system', content: JSON.stringify({ ...request, user: undefined }) }] };
  });
  return { kit, builds, read: kit.under(contextPolicy(options), builds) };
}

/** How often a context is built for two requests, one after the other. */
async function buildsFor(first: object, second: object, options: Options = {}): Promise<number> {
  const { builds, read } = conversations(options);
  await read({ ...TURN, ...first });
  await read({ ...TURN, ...second });
  return builds.mock.calls.length;
}

describe('the history that a request names', () => {
  it.each(HISTORY_FIELDS)('keeps apart what one turn of one task is in each: %s', async (field) => {
    expect(await buildsFor({ [field]: 'x' }, { [field]: 'y' })).toBe(2);
    expect(await buildsFor({ [field]: ['x'] }, { [field]: ['x', 'y'] })).toBe(2);
    expect(await buildsFor({ [field]: 'x' }, {})).toBe(2);
    expect(await buildsFor({ [field]: [{ id: 1, role: 'user' }] }, { [field]: [{ role: 'user', id: 1 }] })).toBe(1);
  });

  it('does not confuse two fields', async () => {
    expect(await buildsFor({ parentId: 'x' }, { branchId: 'x' })).toBe(2);
  });

  it.each([[undefined], [null], [''], [[]]])('is none where a field is %j', async (nothing) => {
    expect(await buildsFor({}, { messages: nothing, parentId: nothing })).toBe(1);
  });

  it('makes a retry of the turn a hit, with the fields of the present request', async () => {
    const { builds, kit } = conversations();
    const spread = kit.under(contextPolicy({}), async (request: Request) => {
      await builds(request);
      return { ...request, messages: [...CONVERSATION, 'm'] };
    });
    await spread({ ...TURN, messages: CONVERSATION, user: 'alice' });
    const retried = await spread({ ...TURN, messages: structuredClone(CONVERSATION), user: 'bob' });
    expect(retried).toEqual({ ...TURN, user: 'bob', messages: [...CONVERSATION, 'm'] });
    expect(kit.statusOf(retried)).toBe('hit');
    expect(builds).toHaveBeenCalledTimes(1);
  });

  /** Whether, after an edit of an earlier message, the turn is answered with what was said before it. */
  async function isMixed(options: Options = {}): Promise<boolean> {
    const { read } = conversations(options);
    const edited = CONVERSATION.map((message, index) => (index === 1 ? { ...message, content: 'zwei' } : message));
    await read({ ...TURN, messages: CONVERSATION });
    return !JSON.stringify(await read({ ...TURN, messages: edited })).includes('zwei');
  }

  it('leaves no trace of what an earlier message was before it was edited', async () => {
    expect(await isMixed()).toBe(false);
  });

  it('(the check finds a key without the history)', async () => {
    expect(await isMixed({ fingerprint: () => 'always the same' })).toBe(true);
  });

  it('keeps branches apart, each of which finds its own again', async () => {
    const { builds, read } = conversations();
    const branch = (name: string, turn: number): Promise<unknown> =>
      read({ taskId: 'a', turn, parentId: `${name}-${turn - 1}` });
    await branch('main', 3);
    const [main, other] = [await branch('main', 4), await branch('other', 4)];
    expect(other).not.toEqual(main);
    expect([await branch('main', 4), await branch('other', 4), await branch('main', 3)]).toHaveLength(3);
    expect(builds).toHaveBeenCalledTimes(3);
    expect(await branch('main', 4)).toEqual(main);
  });

  it('may be known besides: a result in which it stands is stored', async () => {
    const kit = createRecordingCache();
    const build = jest.fn(async ({ branchId }: Request) => ({ messages: ['m'], steps: [{ branchId }], of: branchId }));
    const read = kit.under(contextPolicy({}), build);
    await read({ ...TURN, branchId: 'x' });
    expect(await read({ ...TURN, branchId: 'x' })).toEqual({ messages: ['m'], steps: [{ branchId: 'x' }], of: 'x' });
    expect(build).toHaveBeenCalledTimes(1);
  });

  it('sends the call past the cache where no key can be made of it', async () => {
    const { kit, builds, read } = conversations();
    const messages = [() => 'a function'];
    await read({ ...TURN, messages });
    await read({ ...TURN, messages });
    expect(builds).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('bypass')[1]).toEqual({ category: 'context', reason: 'not-keyable' });
    expect(kit.warnings).toHaveLength(1);
  });

  it('leaves the key as it is where there is none', async () => {
    const { kit, read } = conversations();
    expect(kit.cache.outcomeOf(await read(TURN))?.key).toBe('context:a:4:AppModule.Service.method');
    const key = kit.cache.outcomeOf(await read({ ...TURN, branch: 'x' }))?.key;
    expect(key).toMatch(/^context:a:4:#[0-9a-f]{64}:AppModule\.Service\.method$/);
  });
});

describe('fingerprint', () => {
  it('is part of the key, at once or later, and is asked of the instance', async () => {
    for (const isLater of [false, true]) {
      const kit = createRecordingCache();
      const build = jest.fn(async (_request: Request) => ({ messages: ['m'] }));
      const instance = { newest: 'm1' };
      function fingerprint(this: typeof instance): unknown {
        return isLater ? Promise.resolve({ newest: this.newest }) : { newest: this.newest };
      }
      const read = kit.under(contextPolicy({ fingerprint }), build, { instance });
      await read(TURN);
      expect(kit.statusOf(await read(TURN))).toBe('hit');
      instance.newest = 'm2';
      await read(TURN);
      expect(build).toHaveBeenCalledTimes(2);
    }
  });

  it('takes the place of what the request says', async () => {
    const fingerprint = ({ branchId }: Request): unknown => branchId;
    expect(await buildsFor({ messages: ['x'] }, { messages: ['y'] }, { fingerprint })).toBe(1);
    expect(await buildsFor({ branchId: 'x' }, { branchId: 'y' }, { fingerprint })).toBe(2);
    expect(await buildsFor({ branchId: null }, {}, { fingerprint })).toBe(2);
  });

  it('is not confused with what vary answers', async () => {
    const answer = ({ part }: Request): unknown => part;
    const { kit, read } = conversations({ vary: answer });
    const fingerprinted = kit.under(contextPolicy({ fingerprint: answer }), async (_request: Request) => ({
      messages: ['other'],
    }));
    await read({ ...TURN, part: 1 });
    expect(await fingerprinted({ ...TURN, part: 1 })).toEqual({ messages: ['other'] });
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['answers what no key can be made of', () => () => 'a function'],
  ])('sends the call past the cache where it %s, and says so once', async (_what, fingerprint) => {
    const { kit, builds, read } = conversations({ fingerprint });
    expect([await read(TURN), await read(TURN)]).toHaveLength(2);
    expect(builds).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('bypass')[1]).toEqual({ category: 'context', reason: 'not-keyable' });
    expect(kit.warnings).toHaveLength(1);
    expect(JSON.stringify(kit.warnings)).not.toContain('secret');
  });

  /** Whether a message that was deleted is still in the context, because it was there while the context was built. */
  async function isHaunted(fingerprintOf: (messages: readonly string[]) => unknown): Promise<boolean> {
    const kit = createRecordingCache();
    const messages = ['m1'];
    const read = kit.under(contextPolicy({ fingerprint: () => fingerprintOf(messages) }), async (_request: Request) => {
      if (messages.length === 1) messages.push('m2');
      return { messages: [...messages] };
    });
    await read(TURN);
    messages.pop();
    return kit.statusOf(await read(TURN)) === 'hit';
  }

  it('is asked again after the build: what was built meanwhile of newer messages is not stored', async () => {
    expect(await isHaunted((messages) => messages.at(-1))).toBe(false);
  });

  it('(the check finds a fingerprint that is not asked again)', async () => {
    expect(await isHaunted(() => 'm1')).toBe(true);
  });

  it('that cannot be asked again leaves nothing stored, and the answer to the caller', async () => {
    let asked = 0;
    const { kit, read } = conversations({
      fingerprint: () => {
        if (++asked % 2 === 0) throw new Error('database');
        return 1;
      },
    });
    expect(await read(TURN)).toMatchObject({ messages: [{ role: 'system' }] });
    expect(kit.eventsOf('set')).toEqual([]);
  });
});

describe.each<[string, Options]>([
  ['a context', {}],
  ['a context with a fingerprint', { fingerprint: async () => 'of all messages' }],
])('%s that is being built', (_what, options) => {
  type Change = (kit: RecordingCache, write: () => void) => Promise<unknown>;
  const changes: [string, Change][] = [
    [
      'invalidate({ context })',
      async (kit, write) => {
        write();
        await kit.cache.invalidate({ context: 'a' });
      },
    ],
    [
      'a method that appends, edits or branches',
      (kit, write) => kit.under(invalidatesContextPolicy({}), async (_message: { taskId: string }) => write())(TURN),
    ],
  ];

  it.each(changes)('is neither stored nor given to who asks after %s', async (_name, change) => {
    const kit = createRecordingCache();
    let messages = ['old'];
    const gate = deferred<undefined>();
    let builds = 0;
    const read = kit.under(contextPolicy(options), async (_request: Request) => {
      const seen = [...messages];
      if (++builds === 1) await gate.promise;
      return { messages: seen };
    });
    const first = read(TURN);
    await settle();
    await change(kit, () => (messages = ['old', 'new']));
    expect(await read(TURN)).toEqual({ messages: ['old', 'new'] });
    gate.resolve(undefined);
    expect(await first).toEqual({ messages: ['old'] });
    expect(await read(TURN)).toEqual({ messages: ['old', 'new'] });
    expect(await read({ ...TURN, turn: 5 })).toEqual({ messages: ['old', 'new'] });
  });
});
