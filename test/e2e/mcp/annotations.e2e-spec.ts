import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { Child } from '../../support/child.js';

let app: Child;
beforeAll(async () => {
  // A process of its own: jest cannot load a package of CommonJS that requires Nest 12.
  app = await Child.start(resolve(import.meta.dirname, 'annotated-app.ts'));
});
afterAll(() => app.kill());

/** What becomes of the second of two calls of each tool: its status, or why it went past the cache. */
const outcomesOf = (names: string[], tools?: Record<string, ToolDescriptor>): Promise<string[]> =>
  app.request('outcomes', { names, ...(tools && { tools }) });

describe('tools that are declared with @Tool of @rekog/mcp-nest', () => {
  it('are cached where their annotations say that they only read', async () => {
    expect(await outcomesOf(['read', 'closed', 'unnamed'])).toEqual(['hit', 'hit', 'hit']);
  });

  it.each([
    ['browse', 'volatile'],
    ['torn', 'not-read-only'],
    ['write', 'not-read-only'],
    ['titled', 'not-read-only'],
    ['plain', 'not-read-only'],
    ['of nobody', 'not-read-only'],
  ])('are not where they do not: %s', async (tool, reason) => {
    expect(await outcomesOf([tool])).toEqual([reason]);
  });

  it('are what the options say of them, whatever their annotations say', async () => {
    const tools: Record<string, ToolDescriptor> = {
      read: { permissionTier: 'WRITE' },
      browse: { permissionTier: 'READ_ONLY' },
      plain: { permissionTier: 'READ_ONLY' },
    };
    expect(await outcomesOf(['read', 'browse', 'plain', 'unnamed'], tools)).toEqual([
      'not-read-only',
      'hit',
      'hit',
      'hit',
    ]);
  });
});
