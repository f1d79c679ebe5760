import { describe, expect, it } from '@jest/globals';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import { deferred, settle } from '../../support/cache-kit.js';
import { createRecordingCache, type RecordingCache } from '../../support/recording-cache.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

type Options = Parameters<typeof readOnlyToolPolicy>[0];
interface Call {
  readonly tool: string;
  readonly params: object;
  readonly user: string;
}
class Refused extends Error {}

/** One tool, the same answer for everybody, and a list of who may not have it. */
class Executor {
  readonly refused = new Set<string>();
  readonly runs: string[] = [];
  open: Promise<unknown> = Promise.resolve();
  isBroken = false;

  check({ user }: Call): void {
    if (this.refused.has(user)) throw new Refused(user);
  }

  async execute(call: Call): Promise<{ secret: number }> {
    this.check(call);
    this.runs.push(call.user);
    await this.open;
    if (this.isBroken) throw new Error('database');
    return { secret: this.runs.length };
  }
}

interface Backend {
  readonly kit: RecordingCache;
  readonly executor: Executor;
  ask(user: string): Promise<unknown>;
}

const authorize = function (this: Executor, call: Call): void {
  this.check(call);
};
const later = async function (this: Executor, call: Call): Promise<void> {
  await settle();
  this.check(call);
};

function backend(options: Options): Backend {
  const kit = createRecordingCache({ tools: { my_access: { permissionTier: 'READ_ONLY' } } });
  const executor = new Executor();
  const execute = (call: Call): Promise<unknown> => executor.execute(call);
  const policy = readOnlyToolPolicy({ ttl: '100s', vary: () => 'shared by all', ...options });
  const run = kit.under(policy, execute, { instance: executor });
  return { kit, executor, ask: (user) => run({ tool: 'my_access', params: {}, user }) };
}

/** Ways in which an answer is at hand that the tool itself was not asked for; each answers what mallory is given. */
const SITUATIONS: Record<string, { readonly options: Options; given(backend: Backend): Promise<unknown> }> = {
  'a cached answer': {
    options: {},
    async given({ executor, ask }) {
      await ask('mallory');
      executor.refused.add('mallory');
      return ask('mallory');
    },
  },
  'an answer that another one loaded': {
    options: {},
    async given({ executor, ask }) {
      executor.refused.add('mallory');
      await ask('alice');
      return ask('mallory');
    },
  },
  'a load under way': {
    options: {},
    async given({ executor, ask }) {
      const gate = deferred<undefined>();
      executor.open = gate.promise;
      const loading = ask('alice');
      await settle();
      executor.refused.add('mallory');
      const answer = ask('mallory').catch((error: unknown) => error);
      await settle();
      gate.resolve(undefined);
      expect(await loading).toEqual({ secret: 1 });
      return answer;
    },
  },
  'an answer within its grace, while the tool fails': {
    options: { grace: '1h' },
    async given({ kit, executor, ask }) {
      await ask('mallory');
      await kit.clock.advance(101_000);
      executor.isBroken = true;
      executor.refused.add('mallory');
      return ask('mallory');
    },
  },
  'an answer within its grace, while the tool is slow': {
    options: { grace: '1h', softTimeout: '0s' },
    async given({ kit, executor, ask }) {
      await ask('mallory');
      await kit.clock.advance(101_000);
      executor.refused.add('mallory');
      return ask('mallory');
    },
  },
  'an answer that is about to be refreshed': {
    options: { eagerRefreshRatio: 0.5 },
    async given({ kit, executor, ask }) {
      await ask('mallory');
      await kit.clock.advance(60_000);
      executor.refused.add('mallory');
      return ask('mallory');
    },
  },
};

describe.each(Object.entries(SITUATIONS))('%s', (_name, { options, given }) => {
  const outcome = (hooks: Options): Promise<unknown> =>
    given(backend({ ...options, ...hooks })).catch((error: unknown) => error);

  it.each<[string, Options]>([
    ['authorize', { authorize }],
    ['authorize, which takes its time', { authorize: later }],
    ['validate', { validate: authorize }],
  ])('is refused to who may not have it, by %s', async (_hook, hooks) => {
    expect(await outcome(hooks)).toBeInstanceOf(Refused);
  });

  it('(the check finds a cache that is not told of permissions)', async () => {
    expect(await outcome({})).toMatchObject({ secret: 1 });
  });
});

describe('a permission', () => {
  it('that is given back finds the answer where it was', async () => {
    const { executor, ask } = backend({ authorize });
    await ask('alice');
    executor.refused.add('alice');
    await expect(ask('alice')).rejects.toThrow(new Refused('alice'));
    executor.refused.clear();
    expect(await ask('alice')).toEqual({ secret: 1 });
    expect(executor.runs).toEqual(['alice']);
  });

  it('that is revoked while an answer is refreshed in the background ends neither the process nor the answer', async () => {
    const { kit, executor, ask } = backend({ eagerRefreshRatio: 0.5, authorize });
    await ask('alice');
    await kit.clock.advance(60_000);
    const unhandled = await unhandledDuring(async () => {
      // It is asked first, and permits; the refreshing run finds the permission gone.
      const answer = ask('alice');
      await Promise.resolve();
      executor.refused.add('alice');
      expect(await answer).toEqual({ secret: 1 });
      await settle();
    });
    expect(unhandled).toEqual([]);
    await expect(ask('alice')).rejects.toBeInstanceOf(Refused);
    expect(await ask('bob')).toMatchObject({ secret: expect.any(Number) });
  });

  it('is asked for in the order in which the hooks stand, and the first refusal is the answer, unchanged', async () => {
    const refusals = [new Error('first'), new Error('second')];
    const asked: string[] = [];
    const refusing = (name: string, refusal: unknown) => (): never => {
      asked.push(name);
      throw refusal;
    };
    const { ask } = backend({
      validate: refusing('validate', refusals[0]),
      authorize: refusing('authorize', refusals[1]),
    });
    await expect(ask('alice')).rejects.toBe(refusals[0]);
    expect(asked).toEqual(['validate']);
  });
});
