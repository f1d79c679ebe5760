import { posix } from 'node:path';
import { everything, resource } from 'nestjs-agent-cache';

/** The file tools of a coding agent. Every run works on its own copy of one project; paths begin at a working folder. */
export const state = 'forked';
export const share = 'all';

const file = (cwd, path) => resource('file', posix.join(cwd, path));
/** What a listing or a search sees: any file of the project. */
const files = resource('files', 'all');

const reads = (dependsOn) => ({ permissionTier: 'READ_ONLY', dependsOn });
const changes = (mutates) => ({ permissionTier: 'WRITE', mutates });

const toolsAt = (cwd) => ({
  read_file: reads(({ path }) => [file(cwd, path)]),
  list_files: reads(() => [files]),
  search: reads(() => [files]),
  run_tests: reads(() => [everything()]),
  write_file: changes(({ path }) => [file(cwd, path), files]),
  replace: changes(({ path }) => [file(cwd, path), files]),
  change_folder: changes(() => []),
});

export const describe = (tool, params, env) => toolsAt(env.cwd)[tool];
