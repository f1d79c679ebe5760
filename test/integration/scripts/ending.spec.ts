import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../support/redis-kit.js';

const lib = (name: string): string => pathToFileURL(resolve(import.meta.dirname, '../../../scripts/lib', name)).href;

describe('scripts that are ended', () => {
  let folder: string;
  let script: ChildProcess | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ending-'));
  });
  afterEach(async () => {
    script?.kill('SIGKILL');
    for (const name of ['command', 'backend']) if (isAlive(name)) process.kill(pidOf(name), 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** Arguments of Node for a program that says under `name` that it runs, and goes on for ever. */
  const endless = (name: string, before = ''): string[] => [
    '--input-type=module',
    '-e',
    `${before} (await import('node:fs')).writeFileSync('${join(folder, name)}', String(process.pid));
     setInterval(() => {}, 1_000);`,
  ];
  /** Arguments of Node for a script that runs `args` with Node. */
  const runningOf = (args: readonly string[]): string[] => [
    '--input-type=module',
    '-e',
    `const { run } = await import('${lib('run.mjs')}'); await run(process.execPath, ${JSON.stringify(args)});`,
  ];
  const start = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(command, args, { env: { ...process.env, npm_lifecycle_event: undefined, ...env }, stdio: 'ignore' });
  const pidOf = (name: string): number =>
    existsSync(join(folder, name)) ? Number(readFileSync(join(folder, name), 'utf8')) : 0;

  function isAlive(name: string): boolean {
    const pid = pidOf(name);
    try {
      return pid > 0 && process.kill(pid, 0);
    } catch {
      return false;
    }
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'by %s end the commands of their commands too, each in a process group of its own',
    async (signal) => {
      script = start(process.execPath, runningOf(runningOf(endless('command'))));
      await until(() => isAlive('command'), 10_000);
      script.kill(signal);
      const [code] = (await once(script, 'exit')) as [number];
      expect(code).toBeGreaterThan(128);
      await until(() => !isAlive('command'), 5_000);
    },
  );

  it('with the shell between npm and them end all the same', async () => {
    const before = `(await import('${lib('end-with-npm.mjs')}')).endWithNpm();`;
    // "; true": a shell that only runs one command becomes that command.
    const shell = ['-c', '"$@"; true', 'sh', process.execPath, ...endless('backend', before)];
    script = start('sh', shell, { npm_lifecycle_event: 'start' });
    await until(() => isAlive('backend'), 10_000);
    script.kill('SIGKILL');
    await until(() => !isAlive('backend'), 5_000);
  });

  it('go on without their parent where npm did not start them', async () => {
    const before = `(await import('${lib('end-with-npm.mjs')}')).endWithNpm();`;
    script = start('sh', ['-c', '"$@"; true', 'sh', process.execPath, ...endless('backend', before)]);
    await until(() => isAlive('backend'), 10_000);
    script.kill('SIGKILL');
    await new Promise((passed) => setTimeout(passed, 1_200));
    expect(isAlive('backend')).toBe(true);
  });
});
