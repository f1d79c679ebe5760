import { fileURLToPath } from 'node:url';
import { dirname, resolve } from 'node:path';

/** The project's folder, with its package.json. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Runs the script's work; a failure becomes its message on standard error and exit code 1. */
export function runAsScript(meta, work) {
  if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(meta.url)) {
    work(process.argv.slice(2)).catch((error) => {
      process.stderr.write(`${error instanceof ScriptFailure ? error.message : error.stack}\n`);
      process.exitCode = 1;
    });
  }
}

/** A failure that is explained by its message alone: what happened and what to do. */
export class ScriptFailure extends Error {}
