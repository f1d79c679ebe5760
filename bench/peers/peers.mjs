/**
 * Other caches and key libraries, set up as their documentation does, to be measured by turns with ours. They are installed
 * into this folder when `--peers` first asks for them, and are no dependencies of the project.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ScriptFailure } from '../../scripts/lib/project.mjs';
import { run } from '../../scripts/lib/run.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const INSTALL = ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];

/** Each is a file here that exports `open(url, prefix, load, { hasMemory })`. */
export const CACHES = ['async-cache-dedupe', 'bentocache', 'layered-loader'];

export async function installPeers() {
  if (existsSync(`${FOLDER}node_modules/bentocache`)) return;
  const { ok, output } = await run('npm', INSTALL, { cwd: FOLDER, limitSeconds: 300 });
  if (!ok) throw new ScriptFailure(`the peers could not be installed in bench/peers:\n${output}`);
}

/**
 * `{ name: cache }` of those that can do what is asked: `get(key)`, which loads and stores what is missing by `load(key)`, and
 * `close()`; with `hasMemory` also `peek(key)`, which loads nothing, and `invalidate(key)`, of which other instances hear.
 */
export async function openPeers(url, prefix, load, { hasMemory = false } = {}) {
  const opened = {};
  for (const name of CACHES) {
    const { open } = await import(`./${name}.mjs`);
    const cache = await open(url, prefix, load, { hasMemory });
    if (cache) opened[name] = cache;
  }
  return opened;
}

/** `{ name: (value) => text }`: canonical forms to be hashed. */
export async function canonicalForms() {
  const [{ default: stable }, { default: canonicalize }] = await Promise.all(
    ['safe-stable-stringify', 'canonicalize'].map((name) => import(name)),
  );
  return { 'safe-stable-stringify': stable, canonicalize };
}
