import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import prettier from 'prettier';
import { RedisServer } from '../support/redis-server.js';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The lines of a redis.conf as arguments of the server. */
function argumentsOf(conf: string): string[] {
  const lines = conf.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.flatMap((line) => {
    const [name, ...values] = line.trim().split(/\s+/);
    return [`--${name}`, ...values];
  });
}

describe('docker-compose.yml', () => {
  it('is YAML', async () => {
    await expect(prettier.format(read('docker-compose.yml'), { parser: 'yaml' })).resolves.toContain('services:');
  });

  it('starts Redis with docker/redis.conf, checks its health, and keeps its data', () => {
    const [, redis = ''] = /^ {2}redis:\n((?: {4}.*\n)+)/m.exec(read('docker-compose.yml')) ?? [];
    expect(redis).toContain("command: ['redis-server', '/usr/local/etc/redis/redis.conf']");
    expect(redis).toContain('- ./docker/redis.conf:/usr/local/etc/redis/redis.conf:ro');
    expect(redis).toContain('- redis-data:/data');
    expect(redis).toContain("test: ['CMD', 'redis-cli', '-e', 'ping']");
  });

  it('opens no port to other machines', () => {
    const ports = read('docker-compose.yml').match(/- '.*:\d+'$/gm);
    expect(ports).toEqual(["- '127.0.0.1:6379:6379'", "- '127.0.0.1:3000:3000'"]);
  });

  it('gives a Redis that is bounded, evicts what was not used for longest, and writes RDB and AOF', async () => {
    const server = await RedisServer.start({ args: argumentsOf(read('docker/redis.conf')) });
    try {
      const setting = async (name: string) => (await server.command('CONFIG', 'GET', name)) as string[];
      expect(await setting('maxmemory')).toEqual(['maxmemory', String(256 * 1024 * 1024)]);
      expect(await setting('maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru']);
      expect(await setting('appendonly')).toEqual(['appendonly', 'yes']);
      expect(await setting('save')).toEqual(['save', '900 1 300 100 60 10000']);
    } finally {
      await server.stop();
    }
  });
});

describe('Dockerfile', () => {
  it('copies and runs what the build makes, as a user without rights, and checks its health', () => {
    const [build = '', runtime = ''] = read('Dockerfile')
      .split(/^FROM .*$/m)
      .slice(1);
    expect(build).toContain('node scripts/build-example.mjs');
    expect(runtime).toContain('CMD ["node", "dist/agent-backend/main.js"]');
    expect(runtime).toContain('USER node');
    // Else nothing outside of the container could reach it.
    expect(runtime).toContain('HOST=0.0.0.0');
    expect(runtime).toMatch(/HEALTHCHECK[\s\S]*\/health'/);
    expect(read('scripts/build-example.mjs')).toContain("outputs: ['dist/agent-backend']");
  });

  it('gives npm ci every package.json that the lock file speaks of', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
    for (const workspace of workspaces) expect(read('Dockerfile')).toContain(`COPY ${workspace}/package.json`);
  });
});
