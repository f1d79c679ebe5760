import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CacheModuleOptions, TOOL_DESCRIPTORS } from 'nestjs-agent-cache';
import request from 'supertest';
import { comparable, copyOfRepository, RunningBackend } from '../../support/agent-backend.js';
import { play, SCRIPT, type ScriptResult } from '../../support/agent-backend-script.js';
import { RedisServer } from '../../support/redis-server.js';

/** What the backend answers without the cache's module: what every other variant is held against. */
let expected: ScriptResult;
let redis: RedisServer;
let files: string;

beforeAll(async () => {
  redis = await RedisServer.start();
  files = await copyOfRepository();
  const plain = await RunningBackend.start(null, files);
  expected = await play(plain);
  await plain.close();
}, 60_000);

afterAll(async () => {
  await redis.stop();
  await rm(files, { recursive: true });
});

const VARIANTS: readonly [name: string, cache: () => CacheModuleOptions | null][] = [
  ['without the module', () => null],
  ['with the cache disabled', () => ({ enabled: false })],
  ['with the cache in memory', () => ({})],
  ['with the cache in Redis', () => ({ prefix: 'answers', redis: { url: redis.url } })],
];

describe.each(VARIANTS)('the backend %s', (_, cache) => {
  let backend: RunningBackend;
  let result: ScriptResult;

  beforeAll(async () => {
    backend = await RunningBackend.start(cache(), files);
    result = await play(backend);
  }, 60_000);
  afterAll(() => backend.close());

  it.each(SCRIPT.map(({ message }, index) => [index, message] as const))('answers request %i as ever: %j', (index) => {
    expect(comparable(result.answers[index])).toEqual(comparable(expected.answers[index]));
  });

  it('keeps the conversations as ever', () => {
    expect(comparable(result.conversations)).toEqual(comparable(expected.conversations));
  });

  it('begins and continues tasks', async () => {
    const first = await backend.task({ message: 'list docs' });
    expect(first).toMatchObject({ turn: 1, taskId: expect.stringMatching(/^task-/) });
    expect(await backend.task({ taskId: first.taskId, message: 'list docs' })).toMatchObject({
      taskId: first.taskId,
      turn: 2,
    });
    const { body } = await backend.get(`/task/${first.taskId}`).expect(200);
    expect(body.messages.map(({ turn, role }: { turn: number; role: string }) => [turn, role])).toEqual([
      [1, 'user'],
      [1, 'assistant'],
      [2, 'user'],
      [2, 'assistant'],
    ]);
    expect(body.toolCalls).toHaveLength(2);
  });

  it('gives two requests at once for one task two turns', async () => {
    const { taskId } = await backend.task({ message: 'hello' });
    const turns = await Promise.all([1, 2, 3].map(async () => (await backend.task({ taskId, message: 'list' })).turn));
    expect(turns.sort()).toEqual([2, 3, 4]);
  });

  it.each([
    ['a missing message', {}, 400, /message must be a string/],
    ['an empty message', { message: '' }, 400, /message must be longer than/],
    [
      'a tool call without a tool',
      { message: 'x', toolCalls: [{ params: {} }] },
      400,
      /toolCalls\.0\.tool must be a string/,
    ],
    [
      'inputs that are no object',
      { message: 'x', toolCalls: [{ tool: 'read_file', params: 'a' }] },
      400,
      /params must be an object/,
    ],
    [
      'too many tool calls',
      { message: 'x', toolCalls: Array(21).fill({ tool: 'list_directory' }) },
      400,
      /no more than 20/,
    ],
    [
      'a list in place of a tool call',
      { message: 'x', toolCalls: [[]] },
      400,
      /each value in toolCalls must be an object/,
    ],
    [
      'a list of tool calls in place of one',
      { message: 'x', toolCalls: [[{ tool: 'list_directory' }]] },
      400,
      /each value in toolCalls must be an object/,
    ],
    ['a NUL in the message', { message: 'a\0b' }, 400, /must not hold the character U\+0000/],
    ['a NUL in an id', { message: 'x', taskId: 'task\0' }, 400, /must not hold the character U\+0000/],
    [
      'a NUL in a name of an input',
      { message: 'x', toolCalls: [{ tool: 'read_file', params: { 'a\0': 1 } }] },
      400,
      /must not hold the character U\+0000/,
    ],
    ['a message that plans too much', { message: 'list;'.repeat(21) }, 400, /asks for 21 things: 20 are the most/],
    [
      'a message with too much to remember',
      { message: 'remember a;'.repeat(21) },
      400,
      /asks for 21 things: 20 are the most/,
    ],
    ['an unknown field', { message: 'x', mesage: 'y' }, 400, /property mesage should not exist/],
    ['an unknown task', { message: 'x', taskId: 'task-1' }, 404, /there is no task task-1/],
    ['an unknown user', { message: 'x', userId: 'nobody' }, 403, /there is no user nobody/],
  ])('says what is wrong with %s', async (_what, body, status, message) => {
    const response = await backend.post(body).expect(status);
    expect(JSON.stringify(response.body.message)).toMatch(message);
  });

  const send = (type: string, body: string) =>
    request(backend.app.getHttpServer()).post('/task').set('content-type', type).send(body).expect(400);

  it('takes JSON only', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      expect((await send(type, 'message=list')).body.message).toMatch(
        /send JSON, with content-type: application\/json/,
      );
    }
    expect((await send('application/json', '{"message":')).body.message).toMatch(/JSON/);
  });

  it.each([33, 5_000, 200_000])('refuses inputs that are nested in %i levels', async (levels) => {
    const params = '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
    const { body } = await send(
      'application/json',
      `{"message":"x","toolCalls":[{"tool":"read_file","params":${params}}]}`,
    );
    expect(body.message).toBe('objects and arrays must not be nested in more than 32 levels');
  });

  it('takes bodies of up to 2 MB', async () => {
    const write = (length: number) =>
      backend.post({
        message: 'x',
        toolCalls: [{ tool: 'write_file', params: { path: 'x', content: 'x'.repeat(length) } }],
      });
    expect((await write(1024 * 1024).expect(200)).body.steps).toContainEqual(
      expect.objectContaining({ tool: 'write_file', ok: true }),
    );
    await write(2 * 1024 * 1024).expect(413);
  });

  it("refuses to continue someone else's task, and an unknown tier", async () => {
    const { taskId } = await backend.task({ message: 'hello' });
    await backend.post({ taskId, message: 'hello', userId: 'reader' }).expect(403);
    await backend.post({ message: 'hello' }, { 'x-permission-tier': 'ROOT' }).expect(400);
    await backend.get('/task/none').expect(404);
  });

  it('tells that it runs and what it did', async () => {
    const { body } = await backend.get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'ok',
      counts: { queries: expect.any(Number), toolExecutions: expect.any(Number) },
    });
    expect(body.counts.queries).toBeGreaterThan(0);
  });
});

describe('the comparison of answers', () => {
  const careless = { describe: () => ({ permissionTier: 'READ_ONLY' }) };

  it('finds the stale reads of a cache that takes writing tools for reading ones', async () => {
    const backend = await RunningBackend.start({}, files, {
      adapt: (builder) => builder.overrideProvider(TOOL_DESCRIPTORS).useValue(careless),
    });
    const { answers } = await play(backend);
    await backend.close();
    expect(comparable(answers)).not.toEqual(comparable(expected.answers));
  });
});
