import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint as lint } from 'publint';
import { formatMessage } from 'publint/utils';
import { root } from '../../scripts/lib/project.mjs';
import { run } from '../../scripts/lib/run.mjs';

/** Throws what publint says of the tarball, suggestions included. */
export async function publint(path) {
  const bytes = readFileSync(path);
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const { messages, pkg } = await lint({ pack: { tarball } });
  const lines = messages.map((message) => formatMessage(message, pkg));
  assert.deepEqual(lines, []);
}

/** Throws where the types of an entry point are not found, or not of its module system, in any way of resolving it. */
export async function attw(path) {
  const cli = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const { ok, output } = await run(process.execPath, [cli, path], { limitSeconds: 120 });
  assert.ok(ok, output);
}
