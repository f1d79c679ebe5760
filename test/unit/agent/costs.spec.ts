import { describe, expect, it, jest } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { embeddingsPolicy } from '../../../src/agent/embeddings/embeddings-policy.js';
import type { MethodPolicy } from '../../../src/agent/calls/method-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { valuePolicy } from '../../../src/agent/values/value-policy.js';
import type { SavingsSummary } from '../../../src/observability/savings.js';
import { createRecordingCache, type RecordingCache } from '../../support/recording-cache.js';

const savingsOf = (kit: RecordingCache): SavingsSummary => kit.composed.metrics.summary().savings;
const usage = (result: unknown) => ({ tokens: (result as { readonly usage: number }).usage });

describe('cost under decorators', () => {
  it.each<[string, ToolDescriptor, object, Partial<SavingsSummary>]>([
    ['of the decorator', { permissionTier: 'READ_ONLY' }, { cost: usage }, { tokens: 20 }],
    ['of the descriptor', { permissionTier: 'READ_ONLY', cost: { usd: 0.5 } }, {}, { tokens: 0, usd: 1 }],
    [
      'of the descriptor in place of that of the decorator',
      { permissionTier: 'READ_ONLY', cost: (result: { usage: number }) => ({ tokens: 2 * result.usage }) },
      { cost: usage },
      { tokens: 40 },
    ],
    ['that nobody names', { permissionTier: 'READ_ONLY' }, {}, { tokens: 0, usd: 0 }],
  ])('counts that %s, by tool', async (_what, search, options, saved) => {
    const kit = createRecordingCache({ tools: { search } });
    const cached = kit.under(readOnlyToolPolicy(options), async (_call: unknown) => ({ usage: 10 }));
    for (let call = 0; call < 3; call++) await cached({ tool: 'search', params: { query: 'hunter2' } });
    const { tools, categories } = savingsOf(kit);
    expect(tools).toEqual({ search: expect.objectContaining(saved) });
    expect(categories).toEqual({ tool: expect.objectContaining(saved) });
    expect(JSON.stringify(savingsOf(kit))).not.toContain('hunter2');
  });

  it('names at most 50 tools', async () => {
    const tools = Object.fromEntries(
      Array.from({ length: 60 }, (_, index): [string, ToolDescriptor] => [
        `tool ${index}`,
        { permissionTier: 'READ_ONLY', cost: { tokens: 1 } },
      ]),
    );
    const kit = createRecordingCache({ tools });
    const cached = kit.under(readOnlyToolPolicy({}), async (_call: unknown) => ({ n: 1 }));
    for (const tool of Object.keys(tools)) for (let call = 0; call < 2; call++) await cached({ tool, params: {} });
    expect(Object.keys(savingsOf(kit).tools)).toHaveLength(51);
    expect(savingsOf(kit).tools.other?.tokens).toBe(10);
  });

  it.each<[string, MethodPolicy, object, unknown]>([
    ['what the method answered', valuePolicy({ cost: usage }), { usage: 10 }, { usage: 10 }],
    [
      'a context as it is restored',
      contextPolicy({ cost: usage }),
      { taskId: 't', turn: 1, usage: 10 },
      { taskId: 't', usage: 10, messages: ['hello'] },
    ],
    [
      'a context of the app’s own form',
      contextPolicy({ cost: usage, store: () => 'stored', restore: () => ({ usage: 10 }) }),
      { taskId: 't', turn: 1 },
      { usage: 10 },
    ],
  ])('is read off %s', async (_what, policy, argument, result) => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, async (_argument: unknown) => result);
    for (let call = 0; call < 3; call++) expect(await cached(argument)).toEqual(result);
    expect(savingsOf(kit)).toMatchObject({ tokens: 20, tools: {} });
    expect(kit.eventsOf('costUnknown')).toEqual([]);
  });

  it('adds up what an Observable has emitted', async () => {
    const kit = createRecordingCache();
    const emitted = [{ usage: 1 }, { usage: 2 }];
    const cached = kit.under(valuePolicy({ cost: usage }), async () => emitted, { isObservable: true });
    for (let call = 0; call < 3; call++) await cached();
    expect(savingsOf(kit).tokens).toBe(6);
  });

  it('counts each vector that is not embedded again', async () => {
    const kit = createRecordingCache();
    const cost = jest.fn((vector: unknown) => ({ tokens: (vector as number[]).length }));
    const policy = embeddingsPolicy({ model: 'm', cost });
    const cached = kit.under(policy, async (texts: string[]) => texts.map(() => [1, 2, 3]));
    await cached(['a', 'b']);
    await cached(['a', 'b', 'c']);
    expect(cost).toHaveBeenCalledTimes(2);
    expect(savingsOf(kit).categories.embed).toMatchObject({ tokens: 6 });
  });

  it.each([5, 'a', [], { tokens: -1 }, { usd: NaN }, { tokens: '5' }, null])('refuses %j as a cost', (cost) => {
    expect(() => valuePolicy({ cost: cost as never })).toThrow(/option 'cost' is .*expected { tokens, usd }/);
  });
});
