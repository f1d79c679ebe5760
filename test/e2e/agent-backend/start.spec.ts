import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../../examples/agent-backend/src/app.module.js';
import { HealthController } from '../../../examples/agent-backend/src/health/health.controller.js';
import { problemWithPort } from '../../../examples/agent-backend/src/port.js';
import { APP_OPTIONS, prepare } from '../../../examples/agent-backend/src/prepare.js';
import { ensureSampleWorkspace } from '../../../examples/agent-backend/src/sample-workspace.js';
import { Settings, SettingsError } from '../../../examples/agent-backend/src/settings.js';
import { planOf } from '../../../examples/agent-backend/src/task/planner.js';
import { whatToTry } from '../../../examples/agent-backend/src/what-to-try.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'agent-start-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('Settings.from', () => {
  it('has defaults, and takes an empty variable for an absent one', () => {
    const settings = Settings.from({ AGENT_BACKEND_WORKSPACE: ' ', EMBEDDINGS_URL: '' });
    expect(settings.workspace).toBe(resolve('workspace'));
    expect(settings.databaseFile).toBe(resolve('.cache/agent-backend.db'));
    expect(settings.embeddings).toEqual({ url: null, model: 'text-embedding-3-small', apiKey: null });
  });

  it('takes what is set', () => {
    const settings = Settings.from({
      AGENT_BACKEND_WORKSPACE: '/w',
      EMBEDDINGS_URL: ' http://h/v1 ',
      EMBEDDINGS_MODEL: 'm',
    });
    expect(settings).toMatchObject({ workspace: '/w', embeddings: { url: 'http://h/v1', model: 'm' } });
  });
});

describe('AppModule.fromEnvironment', () => {
  const start = async (cache: string) => {
    Object.assign(process.env, {
      ...{ AGENT_BACKEND_CACHE: cache, REDIS_URL: '' },
      ...{ AGENT_BACKEND_WORKSPACE: join(folder, 'w'), AGENT_BACKEND_DATABASE: join(folder, 'db/x.db') },
    });
    const app = await Test.createTestingModule({ imports: [await AppModule.fromEnvironment()] }).compile();
    await app.init();
    return app;
  };

  it.each([
    ['', 'on'],
    ['on', 'on'],
    ['1', 'on'],
    ['off', 'off'],
    ['False', 'off'],
    [' 0 ', 'off'],
    ['no', 'off'],
  ])('takes AGENT_BACKEND_CACHE=%j for %s', async (value, expected) => {
    const app = await start(value);
    expect(app.get(HealthController).health().cache).toBe(expected);
    await app.close();
  });

  it('refuses any other word for AGENT_BACKEND_CACHE', async () => {
    await expect(start('offf')).rejects.toThrow(
      new SettingsError("AGENT_BACKEND_CACHE is 'offf': expected on, true, 1, yes, off, false, 0 or no."),
    );
  });
});

describe('prepare', () => {
  it('has the app end well on SIGINT and SIGTERM', async () => {
    const listeners = () => ['SIGINT', 'SIGTERM'].map((signal) => process.listenerCount(signal));
    const before = listeners();
    const module = await Test.createTestingModule({ imports: [] }).compile();
    const app = prepare(module.createNestApplication<NestExpressApplication>(APP_OPTIONS));
    expect(listeners()).toEqual(before.map((count) => count + 1));
    await app.close();
  });
});

describe('problemWithPort', () => {
  it('finds a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', () => listening()));
    const { port } = server.address() as AddressInfo;
    expect(await problemWithPort(String(port), '127.0.0.1')).toMatch(
      /cannot be used.*EADDRINUSE.*set PORT, or HOST, to another one/,
    );
    await new Promise((closed) => server.close(closed));
    expect(await problemWithPort(String(port), '127.0.0.1')).toBeNull();
  });

  it('finds a host that is not this machine', async () => {
    expect(await problemWithPort('3000', '192.0.2.1')).toMatch(/cannot be used.*EADDRNOTAVAIL/);
  });

  it.each(['x', '-1', '0', '70000', '80.5'])('refuses %s', async (port) => {
    expect(await problemWithPort(port, '127.0.0.1')).toMatch(/expected a number from 1 to 65535/);
  });
});

describe('ensureSampleWorkspace', () => {
  it('fills a workspace that is not there, and leaves one that is', async () => {
    await ensureSampleWorkspace(join(folder, 'new'));
    expect(await readFile(join(folder, 'new/handbook/returns.md'), 'utf8')).toContain('Refunds');
    await mkdir(join(folder, 'mine'));
    await ensureSampleWorkspace(join(folder, 'mine'));
    expect(await readdir(join(folder, 'mine'))).toEqual([]);
  });
});

describe('whatToTry', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', '[::1]'],
    ['backend.local', 'backend.local'],
  ])('names an address that leads to the host %s', (host, name) => {
    expect(whatToTry({ host, port: 80, cache: 'off' })).toContain(
      `The agent backend is at http://${name}:80 (cache: off)`,
    );
  });

  it.each(['off', 'memory', 'Redis'] as const)('gives requests that the backend plans (%s)', (cache) => {
    const bodies = [...whatToTry({ host: '127.0.0.1', port: 3000, cache }).matchAll(/-d '(.*)'/g)].map(
      ([, body]) => JSON.parse(body!) as { message: string },
    );
    expect(bodies.map(({ message }) => planOf(message).toolCalls.length)).toEqual([3, 2]);
  });
});
