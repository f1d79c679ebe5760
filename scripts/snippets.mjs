import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';
import { fillSnippets, regionOf } from './lib/snippet-blocks.mjs';

const SNIPPETS = 'docs/snippets';

/** Every page that users read. */
function pages() {
  const under = (folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => `${folder}/${name}`);
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...top, ...under('docs'), ...under('examples')].sort();
}

/** The code that `name` stands for: a file of docs/snippets, or `file#region`; `null` where there is none. */
function snippetOf(name) {
  const [file, region] = name.split('#');
  const path = join(root, SNIPPETS, `${file}.ts`);
  if (!existsSync(path)) return null;
  const source = readFileSync(path, 'utf8');
  return region === undefined ? source : regionOf(source, region);
}

/** Compares (or, with `isUpdate`, fills) all TypeScript blocks of all pages. Throws with what is left to do. */
function checkSnippets({ isUpdate }) {
  const problems = [];
  const used = new Set();
  for (const page of pages()) {
    const before = readFileSync(join(root, page), 'utf8');
    let result = fillSnippets(before, snippetOf);
    if (isUpdate && result.text !== before) {
      writeFileSync(join(root, page), result.text);
      result = fillSnippets(result.text, snippetOf);
    }
    problems.push(...result.problems.map((problem) => `${page}:${problem}`));
    for (const name of result.used) used.add(name.split('#')[0]);
  }
  for (const file of readdirSync(join(root, SNIPPETS)).filter((name) => name.endsWith('.ts'))) {
    if (!used.has(file.slice(0, -'.ts'.length))) problems.push(`${SNIPPETS}/${file}: no page shows it`);
  }
  if (problems.length > 0) {
    throw new ScriptFailure(`${problems.join('\n')}\n\nAfter a change of ${SNIPPETS}: npm run snippets -- --update`);
  }
}

runAsScript(import.meta, async (args) => {
  if (args.some((arg) => arg !== '--update')) throw new ScriptFailure('npm run snippets takes --update or nothing');
  checkSnippets({ isUpdate: args.includes('--update') });
  process.stdout.write('every TypeScript block of the documentation is a compiled snippet\n');
});
