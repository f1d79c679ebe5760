/**
 * Other caches and key libraries, set up as their documentation does, to be measured by turns with ours, on the same client.
 * They are installed into this folder when they are first asked for, and are no dependencies of the project.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../../scripts/lib/run.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** Without ioredis, which they find above, in the version that ours has. */
const INSTALL = ['install', '--legacy-peer-deps', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];

/** Each is a file here that exports `open(url, prefix, load, { hasMemory })`. */
export const CACHES = ['async-cache-dedupe', 'bentocache', 'layered-loader'];

/** Resolves to whether they are there. */
export async function installPeers() {
  if (existsSync(`${FOLDER}node_modules/canonicalize`)) return true;
  process.stderr.write('installing the peers into bench/peers, once; --no-peers goes without them\n');
  const { ok, output } = await run('npm', INSTALL, { cwd: FOLDER, limitSeconds: 300 });
  if (!ok) process.stderr.write(`${output}\nno peers: the table says what they reached once, on another machine\n`);
  return ok;
}

/** Each has keys of its own. */
export const prefixOf = (prefix, name) => `${prefix}-${name}`;

/**
 * `{ name: cache }` of those that can do what is asked: `get(key)`, which loads and stores what is missing by `load(key)`, and
 * `close()`; with `hasMemory` also `peek(key)`, which loads nothing, and `invalidate(key)`, of which other instances hear.
 */
export async function openPeers(url, prefix, load, { hasMemory = false } = {}) {
  const opened = {};
  for (const name of CACHES) {
    const { open } = await import(`./${name}.mjs`);
    const cache = await open(url, prefixOf(prefix, name), load, { hasMemory });
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
