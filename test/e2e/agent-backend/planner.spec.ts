import { describe, expect, it } from '@jest/globals';
import { planOf } from '../../../examples/agent-backend/src/task/planner.js';

const calls = (message: string) => planOf(message).toolCalls.map(({ tool, params }) => [tool, params]);

describe('planOf', () => {
  it.each([
    ['read docs/a.md', 'read_file', { path: 'docs/a.md' }],
    ['Read the file docs/a.md.', 'read_file', { path: 'docs/a.md' }],
    ['list', 'list_directory', { path: '.' }],
    ['list .', 'list_directory', { path: '.' }],
    ['list ..', 'list_directory', { path: '..' }],
    ['list docs/!', 'list_directory', { path: 'docs/!' }],
    ['list the folder src', 'list_directory', { path: 'src' }],
    ['search for envelope in src', 'search_files', { query: 'envelope', path: 'src' }],
    ['search for "read in src" in docs', 'search_files', { query: 'read in src', path: 'docs' }],
    ['find passages about stale reads', 'semantic_search', { query: 'stale reads', path: '.' }],
    ['info about package.json', 'file_info', { path: 'package.json' }],
    [`write 'a; b then c' to x.txt`, 'write_file', { path: 'x.txt', content: 'a; b then c' }],
    ['append "one line" to "two words.txt"', 'append_file', { path: 'two words.txt', content: 'one line' }],
    ['delete x.txt!', 'delete_file', { path: 'x.txt' }],
  ])('plans %s', (message, tool, params) => {
    expect(calls(message)).toEqual([[tool, params]]);
  });

  it('takes several orders in their order', () => {
    expect(calls('list src, then read a.md; info b.md\ndelete c.md').map(([tool]) => tool)).toEqual([
      'list_directory',
      'read_file',
      'file_info',
      'delete_file',
    ]);
  });

  it.each(['list src and then read a.md', 'list src, and then read a.md', 'list src then read a.md'])(
    'separates %j',
    (message) => {
      expect(calls(message)).toEqual([
        ['list_directory', { path: 'src' }],
        ['read_file', { path: 'a.md' }],
      ]);
    },
  );

  it('keeps an apostrophe inside a word', () => {
    expect(calls("search for don't")).toEqual([['search_files', { query: "don't", path: '.' }]]);
  });

  it('takes down what is to be remembered', () => {
    expect(planOf('remember that invoices are due in 14 days; list')).toEqual({
      notes: ['invoices are due in 14 days'],
      toolCalls: [{ tool: 'list_directory', params: { path: '.' } }],
    });
  });

  it.each(['', 'hello', 'please tell me a joke', '\u00000\u0000', 'read \u00007\u0000'])(
    'does nothing it was not asked for: %j',
    (message) => {
      expect(planOf(message).notes).toEqual([]);
      expect(calls(message).filter(([tool]) => tool !== 'read_file')).toEqual([]);
    },
  );
});
