import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../../examples/agent-backend/src/app.module.js';
import { HealthController } from '../../../examples/agent-backend/src/health/health.controller.js';
import { problemWithPort } from '../../../examples/agent-backend/src/port.js';
import { ensureSampleWorkspace } from '../../../examples/agent-backend/src/sample-workspace.js';
import { Settings } from '../../../examples/agent-backend/src/settings.js';
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

  it.each(['on', 'off'])('AGENT_BACKEND_CACHE=%s', async (value) => {
    const app = await start(value);
    expect(app.get(HealthController).health().cache).toBe(value);
    await app.close();
  });
});

describe('problemWithPort', () => {
  it('finds a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((listening) => void server.listen(0, () => listening()));
    const { port } = server.address() as AddressInfo;
    expect(await problemWithPort(String(port))).toMatch(/cannot be used.*EADDRINUSE.*set PORT to another one/);
    await new Promise((closed) => server.close(closed));
    expect(await problemWithPort(String(port))).toBeNull();
  });

  it.each(['x', '-1', '0', '70000', '80.5'])('refuses %s', async (port) => {
    expect(await problemWithPort(port)).toMatch(/expected a number from 1 to 65535/);
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
  it.each(['off', 'memory', 'Redis'] as const)('gives requests that the backend plans (%s)', (cache) => {
    const bodies = [...whatToTry(3000, cache).matchAll(/-d '(.*)'/g)].map(
      ([, body]) => JSON.parse(body!) as { message: string },
    );
    expect(bodies.map(({ message }) => planOf(message).toolCalls.length)).toEqual([3, 2]);
  });
});
