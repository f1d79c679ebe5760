import { describe, expect, it } from '@jest/globals';
import type { CallEntry } from '../../../src/agent/calls/cached-call.js';
import type { MethodCall } from '../../../src/agent/calls/method-policy.js';
import { againFor } from '../../../src/agent/verification/again.js';
import { createCacheKit } from '../../support/cache-kit.js';

/** A stored entry, and what a call of its method answers that is run again. */
async function hitOf(run: () => Promise<unknown>, isCurrent = () => true) {
  const { cache } = createCacheKit();
  const entry: CallEntry = { keys: ['tool:read'], policy: { namespace: 'tool' }, isCurrent };
  await cache.getOrLoad('tool:read', async () => 'stored', entry.policy);
  const call = { again: run, resultsOf: (outcome: unknown) => [outcome] } as unknown as MethodCall;
  return { cache, entry, call };
}

describe('againFor', () => {
  it('answers what the run came to', async () => {
    expect(await againFor(await hitOf(async () => 'again'))()).toEqual(['again']);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['answers', async () => 'again'],
    ['fails', () => Promise.reject(new Error('gone'))],
    ['answers that it failed', async () => ({ ok: false })],
  ])('says nothing of a hit whose file has changed, whether the run %s', async (_what, run) => {
    let isUnchanged = true;
    const hit = await hitOf(() => {
      isUnchanged = false;
      return run();
    });
    expect(await againFor({ ...hit, isUnchanged: async () => isUnchanged })()).toBeNull();
  });

  it('says nothing where the arguments were changed during the run', async () => {
    let isCurrent = true;
    const hit = await hitOf(
      async () => {
        isCurrent = false;
      },
      () => isCurrent,
    );
    expect(await againFor(hit)()).toBeNull();
  });

  it.each([new Error('away'), undefined])('rejects with what the run fails with: %s', async (error) => {
    const ended = againFor(await hitOf(() => Promise.reject(error as Error)))().then(
      () => 'resolved',
      (reason: unknown) => reason,
    );
    expect(await ended).toBe(error);
  });

  it('does not run where nothing is stored', async () => {
    let runs = 0;
    const hit = await hitOf(async () => ++runs);
    await hit.cache.delete('tool:read');
    expect(await againFor(hit)()).toBeNull();
    expect(runs).toBe(0);
  });
});
