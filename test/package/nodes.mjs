import { run } from '../../scripts/lib/run.mjs';

/** The path of a Node of that major version: this one, or one that npm installs. */
export async function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const { ok, output } = await run('npx', ['-y', '-p', `node@${major}`, 'node', '-p', '`path=${process.execPath}`'], {
    limitSeconds: 120,
  });
  const path = /^path=(.*)$/m.exec(output)?.[1];
  if (!ok || !path) throw new Error(`npx could not install Node ${major}:\n${output}`);
  return path;
}
