import { accessSync, chmodSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';
import { run } from './lib/run.mjs';

const SERVERS = ['redis-server', 'valkey-server'];
const IMAGE = 'redis:7-bookworm';
const ADVICE =
  'No redis-server: install Redis 7 or Valkey 8 so that `redis-server` or `valkey-server` is on the PATH, or set REDIS_SERVER_BIN to it, and run this again.';

/**
 * The path of a Redis (or Valkey) server that tests may start: REDIS_SERVER_BIN, else from the PATH, else from
 * `cacheFolder`. Where there is none, it is installed with apt-get or brew, or taken out of the Docker image into
 * `cacheFolder`. `say` is told of what takes long. Throws one line that says what to do when nothing works.
 */
export async function ensureRedis(say = () => {}, cacheFolder = join(root, '.cache/redis')) {
  const named = process.env.REDIS_SERVER_BIN;
  if (named) {
    if (isExecutable(named)) return named;
    throw new ScriptFailure(`REDIS_SERVER_BIN is ${named}: expected the path of a redis-server that can be executed.`);
  }
  for (const install of [null, installWithApt, installWithBrew, copyFromImage]) {
    if (install && !(await install(say, cacheFolder))) continue;
    const found = findServer(cacheFolder);
    if (found) return found;
  }
  throw new ScriptFailure(ADVICE);
}

function findServer(cacheFolder) {
  const copied = join(cacheFolder, 'redis-server');
  return SERVERS.map(findOnPath).find(Boolean) ?? (isExecutable(copied) ? copied : null);
}

function findOnPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The words before a command that make it run as root; `null` where that would ask for a password. */
async function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (!findOnPath('sudo')) return null;
  return (await run('sudo', ['-n', 'true'], { limitSeconds: 10 })).ok ? ['sudo', '-n'] : null;
}

async function installWithApt(say) {
  if (!findOnPath('apt-get')) return false;
  const prefix = await asRoot();
  if (!prefix) return false;
  say('installing redis-server with apt-get');
  // Debian starts a server as soon as it is installed, on the port that the machine's own Redis may want: the run level keeps it
  // from that where scripts ask for it, and disabling it serves the rest.
  const steps = [
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server'],
  ];
  for (const step of steps) {
    const [command, ...args] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', ...step];
    const result = await run(command, args, { limitSeconds: 300 });
    if (!result.ok) {
      say(`${step.join(' ')} failed:\n${result.output.trimEnd()}`);
      return false;
    }
  }
  await stopService(prefix);
  return true;
}

async function stopService(prefix) {
  const stops = existsSync('/run/systemd/system')
    ? ['systemctl', 'disable', '--now', 'redis-server']
    : ['service', 'redis-server', 'stop'];
  const [command, ...args] = [...prefix, ...stops];
  await run(command, args, { limitSeconds: 60 });
}

async function installWithBrew(say) {
  if (!findOnPath('brew')) return false;
  say('installing redis with brew');
  const result = await run('brew', ['install', 'redis'], { limitSeconds: 600 });
  if (!result.ok) say(`brew install redis failed:\n${result.output.trimEnd()}`);
  return result.ok;
}

/**
 * Takes the server and its libraries out of the image, so that it runs as a process of this machine: tests stop, resume
 * and kill it by its process id, which a container does not let them.
 */
async function copyFromImage(say, folder) {
  if (process.platform !== 'linux' || !findOnPath('docker')) return false;
  say(`taking redis-server out of the Docker image ${IMAGE}`);
  mkdirSync(folder, { recursive: true });
  const collect = [
    'bin=$(command -v redis-server)',
    'mkdir -p /tmp/copy/lib',
    'cp -L "$bin" /tmp/copy/server',
    'cp -L $(ldd "$bin" | grep -o "/[^ ]*") /tmp/copy/lib/',
    'tar -C /tmp/copy -cf - .',
  ].join(' && ');
  const shell = `docker run --rm --entrypoint sh ${IMAGE} -c '${collect}' | tar -xf - -C "$1"`;
  const result = await run('bash', ['-o', 'pipefail', '-c', shell, 'copy', folder], { limitSeconds: 300 });
  if (!result.ok) {
    say(`docker run ${IMAGE} failed:\n${result.output.trimEnd()}`);
    return false;
  }
  const launcher = join(folder, 'redis-server');
  writeFileSync(
    launcher,
    '#!/bin/sh\nhere=$(dirname "$0")\nexec "$here"/lib/ld-linux-*.so.* --library-path "$here/lib" "$here/server" "$@"\n',
  );
  chmodSync(launcher, 0o755);
  return (await run(launcher, ['--version'], { limitSeconds: 10 })).ok;
}

runAsScript(import.meta, async () => {
  process.stdout.write(`${await ensureRedis((line) => process.stderr.write(`${line}\n`))}\n`);
});
