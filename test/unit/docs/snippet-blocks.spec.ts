import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';

interface Filled {
  readonly text: string;
  readonly used: string[];
  readonly problems: string[];
}

const LIB = resolve(import.meta.dirname, '../../../scripts/lib/snippet-blocks.mjs');
const page = (code: string, marker = '<!-- snippet: cached -->\n') =>
  `# Page\n\nText.\n\n${marker}\`\`\`ts\n${code}\`\`\`\n\nMore.\n`;

describe('snippets in the documentation', () => {
  let fillSnippets: (markdown: string, snippetOf: (name: string) => string | null) => Filled;
  let regionOf: (source: string, name: string) => string | null;
  beforeAll(async () => {
    ({ fillSnippets, regionOf } = (await import(LIB)) as {
      fillSnippets: typeof fillSnippets;
      regionOf: typeof regionOf;
    });
  });
  const fill = (markdown: string) => fillSnippets(markdown, (name) => (name === 'cached' ? "const a = '$&';\n" : null));

  it('are left alone where they are what was compiled', () => {
    const text = page("const a = '$&';\n");
    expect(fill(text)).toEqual({ text, used: ['cached'], problems: [] });
  });

  it('are replaced where they are not, and the line is named', () => {
    const filled = fill(page('const old = 0;\n'));
    expect(filled.text).toBe(page("const a = '$&';\n"));
    expect(filled.problems).toEqual(['5: the block is not what snippet cached is now']);
  });

  it('are missed where a TypeScript block has no marker', () => {
    const { text, problems } = fill(page('const b = 1;\n', ''));
    expect(text).toBe(page('const b = 1;\n', ''));
    expect(problems).toEqual(['5: a TypeScript block without `<!-- snippet: name -->` above it: nobody compiles it']);
  });

  it.each(['  ```ts', '~~~ts', '\t```typescript'])('are missed in a block that begins with %j', (fence) => {
    expect(fill(`- item\n\n${fence}\nconst b = 1;\n`).problems).toEqual([
      '3: a TypeScript block must be fenced by ``` at the start of a line',
    ]);
  });

  it('must exist', () => {
    expect(fill(page('x\n', '<!-- snippet: nothing -->\n')).problems).toEqual(['5: there is no snippet nothing']);
  });

  it('do not concern blocks in other languages, nor swallow what stands between blocks', () => {
    const text = `\`\`\`sh\nls\n\`\`\`\n\n${page("const a = '$&';\n")}\n\`\`\`\nplain\n\`\`\`\n`;
    expect(fill(text)).toEqual({ text, used: ['cached'], problems: [] });
  });

  it('may be a region of a file, without its indentation', () => {
    const source =
      'class A {\n  // #region m\n  m() {\n    // #region inner\n    return 1;\n    // #endregion inner\n  }\n  // #endregion m\n}\n';
    expect(regionOf(source, 'm')).toBe('m() {\n  return 1;\n}\n');
    expect(regionOf(source, 'inner')).toBe('return 1;\n');
    expect(regionOf(source, 'n')).toBeNull();
  });
});
