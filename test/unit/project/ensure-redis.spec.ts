import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const SCRIPT = resolve(import.meta.dirname, '../../../scripts/ensure-redis.mjs');

describe('finding a Redis server', () => {
  let folder: string;
  let bin: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensure-redis-'));
    bin = join(folder, 'bin');
    await mkdir(bin);
    for (const tool of ['sh', 'bash', 'tar', 'env', 'dirname', 'chmod']) await symlink(locate(tool), join(bin, tool));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Puts a shell script on the PATH; each call of it is noted with its arguments. */
  async function command(name: string, script: string): Promise<void> {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> ${folder}/calls\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }

  const calls = (): string[] =>
    existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];

  /** Runs the search with nothing on the PATH but what the test put there. */
  function ensure(env: Record<string, string> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
    const program = `import { ensureRedis } from ${JSON.stringify(SCRIPT)};
      try { console.log(await ensureRedis((line) => console.error(line), ${JSON.stringify(join(folder, 'cache'))})); }
      catch (error) { console.error(error.message); process.exitCode = 1; }`;
    return new Promise((done) => {
      const args = ['--input-type=module', '-e', program];
      execFile(process.execPath, args, { env: { PATH: bin, ...env } }, (error, stdout, stderr) =>
        done({ code: Number(error?.code ?? 0), stdout: stdout.trim(), stderr: stderr.trim() }),
      );
    });
  }

  it.each(['redis-server', 'valkey-server'])('takes %s from the PATH and installs nothing', async (server) => {
    await command(server, '');
    await command('apt-get', '');
    expect(await ensure()).toEqual({ code: 0, stdout: join(bin, server), stderr: '' });
    expect(calls()).toEqual([]);
  });

  it('prefers REDIS_SERVER_BIN', async () => {
    await command('redis-server', '');
    await command('my-redis', '');
    expect(await ensure({ REDIS_SERVER_BIN: join(bin, 'my-redis') })).toMatchObject({
      code: 0,
      stdout: join(bin, 'my-redis'),
    });
  });

  it('fails when REDIS_SERVER_BIN leads nowhere, whatever else there is', async () => {
    await command('redis-server', '');
    expect(await ensure({ REDIS_SERVER_BIN: '/no/where' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'REDIS_SERVER_BIN is /no/where: expected the path of a redis-server that can be executed.',
    });
  });

  it('installs it with apt-get and stops the service that this brings up', async () => {
    await command('sudo', 'shift; [ "$1" = true ] || exec "$@"');
    await command('service', '');
    await command('systemctl', '');
    await command(
      'apt-get',
      `[ "$1" = update ] || { echo '#!/bin/sh' > ${bin}/redis-server; chmod +x ${bin}/redis-server; }`,
    );
    const result = await ensure();
    expect(result).toEqual({
      code: 0,
      stdout: join(bin, 'redis-server'),
      stderr: 'installing redis-server with apt-get',
    });
    const made = calls().filter((call) => !call.startsWith('sudo'));
    expect(made.slice(0, 2)).toEqual(['apt-get update', 'apt-get install -y --no-install-recommends redis-server']);
    expect(made[2]).toMatch(/^(service redis-server stop|systemctl disable --now redis-server)$/);
  });

  it('says what failed and goes on to the next way', async () => {
    await command('sudo', 'shift; [ "$1" = true ] || exec "$@"');
    await command('apt-get', 'echo "no such package"; exit 100');
    await command('brew', `echo '#!/bin/sh' > ${bin}/redis-server; chmod +x ${bin}/redis-server`);
    const result = await ensure();
    expect(result).toMatchObject({ code: 0, stdout: join(bin, 'redis-server') });
    expect(result.stderr).toContain('apt-get update failed:\nno such package');
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('takes the server out of the image (Linux only: elsewhere its program does not run)', async () => {
    await command(
      'docker',
      `for last; do :; done; PATH='${process.env.PATH}' exec sh -c "$(echo "$last" | sed 's#/tmp/copy#${folder}/copy#g')"`,
    );
    await symlink(locate('sed'), join(bin, 'sed'));
    const result = await ensure();
    expect(result).toEqual({
      code: 0,
      stdout: join(folder, 'cache/redis-server'),
      stderr: 'taking redis-server out of the Docker image redis:7-bookworm',
    });
    expect(await versionOf(result.stdout)).toContain('server v=');
  });

  it('says in one line what to do when there is no way', async () => {
    const { code, stdout, stderr } = await ensure();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^No redis-server: install Redis 7 or Valkey 8 .*$/);
  });
});

function locate(tool: string): string {
  const found = (process.env.PATH ?? '')
    .split(':')
    .map((part) => join(part, tool))
    .find((path) => existsSync(path));
  if (!found) throw new Error(`${tool} is not on the PATH`);
  return found;
}

function versionOf(server: string): Promise<string> {
  return new Promise((done, fail) => {
    execFile(server, ['--version'], (error, stdout) => (error ? fail(new Error(error.message)) : done(stdout)));
  });
}
