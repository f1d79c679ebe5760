import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildLibrary } from './build.mjs';
import { apiText } from './lib/api-text.mjs';
import { lineDiff } from './lib/line-diff.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';

/** Entry point → its declarations, as they are shipped. */
const ENTRIES = { index: '.', core: './core', http: './http', testing: './testing' };

/** Compares the API of the built package with `api/*.api.md`, or writes it there. Throws with what differs. */
async function checkApi({ isUpdate }) {
  await buildLibrary();
  const differences = [];
  for (const [entry, specifier] of Object.entries(ENTRIES)) {
    const name = join('nestjs-agent-cache', specifier);
    const text = `${apiText(name, join(root, 'dist/esm', `${entry}.d.ts`))}\n`;
    const file = `api/${entry}.api.md`;
    if (isUpdate) write(file, text);
    else if (read(file) !== text) differences.push(`${file}\n${lineDiff(read(file), text)}`);
  }
  if (differences.length === 0) return;
  throw new ScriptFailure(
    `The public API is not what api/ says:\n\n${differences.join('\n\n')}\n\n` +
      'If that is meant, run `npm run api -- --update`, commit api/ and tell users in CHANGELOG.md; otherwise undo the change.',
  );
}

function read(file) {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function write(file, text) {
  mkdirSync(join(root, 'api'), { recursive: true });
  writeFileSync(join(root, file), text);
}

runAsScript(import.meta, async (args) => {
  const isUpdate = args.includes('--update');
  if (args.some((arg) => arg !== '--update')) throw new ScriptFailure('npm run api takes --update or nothing');
  await checkApi({ isUpdate });
  process.stdout.write(isUpdate ? 'api/ is written\n' : 'the public API is what api/ says\n');
});
