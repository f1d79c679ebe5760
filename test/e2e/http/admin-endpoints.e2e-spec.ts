import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ValidationPipe, VersioningType, type INestApplication, type PipeTransform } from '@nestjs/common';
import { everything, file, resource, tree } from '../../../src/index.js';
import { HTTP_FRAMEWORKS } from '../../support/http-frameworks.js';
import { AdminApp, type AdminAppOptions, TOKEN } from './admin-app.js';

type Policy = NonNullable<Parameters<AdminApp['cache']['getOrLoad']>[2]>;

describe.each(HTTP_FRAMEWORKS)('administration over HTTP on %s', (framework) => {
  let shared: AdminApp;
  let own: AdminApp | undefined;

  beforeAll(async () => {
    shared = await AdminApp.start(framework, { token: TOKEN, http: { admin: { limit: 1_000 } } });
  });
  afterAll(() => shared.close());

  /** The app of all tests, with nothing in it; with options an app of the test's own. */
  async function start(options?: AdminAppOptions): Promise<AdminApp> {
    if (options) return (own = await AdminApp.start(framework, { token: TOKEN, ...options }));
    await shared.cache.invalidate({ pattern: '*' });
    shared.forget();
    return shared;
  }

  afterEach(async () => {
    await own?.close();
    own = undefined;
  });

  /** Whether the entry is served. */
  async function isHit(app: AdminApp, key: string, policy: Policy = {}): Promise<boolean> {
    let hasLoaded = false;
    await app.cache.getOrLoad(
      key,
      async () => {
        hasLoaded = true;
        return 'secret-value';
      },
      policy,
    );
    return !hasLoaded;
  }

  describe('POST /cache/invalidate', () => {
    it.each<[string, Policy, object]>([
      ['key', {}, { key: 'report:1' }],
      ['tag', { tags: ['reports'] }, { tag: 'reports' }],
      ['tags', { tags: ['reports'] }, { tags: ['others', 'reports'] }],
      ['resource', { dependsOn: [resource('ticket', '4711')] }, { resource: { type: 'ticket', id: '4711' } }],
      ['resource', { dependsOn: [file('/srv/a.md')] }, { resource: { type: 'file', id: '/srv/a.md' } }],
      ['resource', { dependsOn: [file('/srv/sub/a.md')] }, { resource: { type: 'tree', id: '/srv' } }],
      ['resource', { dependsOn: [tree('/srv')] }, { resource: { type: 'file', id: '/srv/sub/a.md' } }],
      ['resource', { dependsOn: [tree('/srv')] }, { resource: { type: '*', id: '*' } }],
      ['resource', { dependsOn: [everything()] }, { resource: { type: 'ticket', id: '1' } }],
      [
        'resources',
        { dependsOn: [resource('ticket', '4711')] },
        {
          resources: [
            { type: 'ticket', id: '1' },
            { type: 'ticket', id: '4711' },
          ],
        },
      ],
      ['context', { context: 'task-1' }, { context: 'task-1' }],
      ['namespace', {}, { namespace: 'report' }],
      ['pattern', {}, { pattern: 'report:*', allowPattern: true }],
    ])('by %s makes what it names unusable, and nothing else: %j %j', async (form, policy, body) => {
      const app = await start();
      for (const key of ['report:1', 'other:1']) await isHit(app, key, key === 'report:1' ? policy : {});
      expect([await isHit(app, 'report:1', policy), await isHit(app, 'other:1')]).toEqual([true, true]);

      const { body: answer, headers } = await app.post(body).expect(200);

      expect(answer).toEqual({ acknowledged: true });
      expect(headers['cache-control']).toBe('no-store');
      expect([await isHit(app, 'report:1', policy), await isHit(app, 'other:1')]).toEqual([false, true]);
      expect(app.events).toEqual([{ action: 'invalidate', outcome: 'done', form, acknowledged: true }]);
      expect(app.audited).toEqual([`invalidate by ${form}: done, acknowledged`]);
    });

    it('by scope makes all entries of a tenant unusable', async () => {
      const app = await start();
      const asTenant = (tenant: string): Promise<boolean> => app.scope.run({ tenant }, () => isHit(app, 'report:1'));
      await Promise.all([asTenant('a'), asTenant('b')]);
      await app.post({ scope: { level: 'tenant', id: 'a' } }).expect(200, { acknowledged: true });
      expect([await asTenant('a'), await asTenant('b')]).toEqual([false, true]);
    });

    it('by key reaches the entry of exactly the ids that stand beside it', async () => {
      const app = await start();
      const scopes = [{}, { tenant: 'a' }, { tenant: 'a', principal: 'p' }, { tenant: 'b', principal: 'p' }];
      const hits = (): Promise<boolean[]> =>
        Promise.all(
          scopes.map((scope) =>
            'tenant' in scope ? app.scope.run(scope, () => isHit(app, 'report:1')) : isHit(app, 'report:1'),
          ),
        );
      await hits();
      await app.post({ key: 'report:1', tenant: 'a', principal: 'p' }).expect(200, { acknowledged: true });
      expect(await hits()).toEqual([true, true, false, true]);
      await app.post({ key: 'report:1' }).expect(200, { acknowledged: true });
      expect(await hits()).toEqual([false, true, true, true]);
    });

    it('answers 202 where nothing is confirmed, as of a cache that is turned off', async () => {
      const app = await start({ cache: { enabled: false } });
      await app.post({ tag: 'reports' }).expect(202, { acknowledged: false });
      expect(app.events).toEqual([{ action: 'invalidate', outcome: 'done', form: 'tag', acknowledged: false }]);
      expect(app.audited).toEqual(['invalidate by tag: done, not acknowledged']);
    });

    it('answers 202 within the timeout where Redis is away', async () => {
      const app = await start({ cache: { redis: { url: 'redis://127.0.0.1:1' } } });
      await app.post({ namespace: 'reports' }).expect(202, { acknowledged: false });
    });

    it.each<[string, object | string, RegExp]>([
      ['no form', {}, /none of the forms: expected a JSON object with exactly one of key, tag, tags/],
      ['two forms', { tag: 'secret-1', key: 'secret-2' }, /an object with key and tag/],
      ['a list', ['secret-1'], /no JSON object/],
      ['an unknown field', { tag: 'secret-1', 'secret-2': 1 }, /with 1 unknown field: expected none but tag/],
      [
        'a pattern without the flag',
        { pattern: 'secret-1*' },
        /'allowPattern' is missing: expected true beside 'pattern'/,
      ],
      [
        'a pattern with a flag that says no',
        { pattern: 'secret-1*', allowPattern: false },
        /'allowPattern' is of type boolean/,
      ],
      ['the flag alone', { allowPattern: true }, /none of the forms/],
      ['a number for a tag', { tag: 17 }, /'tag' is of type number: expected a text/],
      ['a tag that is too long', { tag: 'secret-1'.repeat(200) }, /'tag' is a text of 1600 characters/],
      ['too many tags', { tags: Array.from({ length: 101 }, () => 'secret-1') }, /'tags' is an array of 101/],
      ['ids beside a tag', { tag: 'secret-1', tenant: 'secret-2' }, /with 1 unknown field/],
      ['a key that the cache keeps for itself', { key: '~secret-1' }, /begin with '~'/],
      ['a key with a scope in it', { key: 'secret-1:@tenant=b' }, /begins its scope/],
      ['a resource of no type', { resource: { id: 'secret-1' } }, /'resource' is an object with other fields/],
      ['a resource of the type of everything', { resource: { type: '*', id: 'secret-1' } }, /is everything\(\)/],
      ['a file with a NUL', { resource: { type: 'file', id: 'secret-1\0' } }, /a path with a NUL/],
      [
        'a scope of no level',
        { scope: { level: 'secret-1', id: 'secret-2' } },
        /another level: expected|with another level/,
      ],
    ])('answers 400 to %s, says what is wrong, and shows nothing of it', async (_what, body, message) => {
      const app = await start();
      await isHit(app, 'report:1');
      const response = await app.post(body).expect(400);
      expect((response.body as { message: string }).message).toMatch(message);
      expect(response.text).not.toContain('secret-');
      expect(response.headers['cache-control']).toBe('no-store');
      expect(await isHit(app, 'report:1')).toBe(true);
      expect(app.events).toEqual([{ action: 'invalidate', outcome: 'invalid', form: null }]);
    });

    it('would be caught if what is wrong were handed on', async () => {
      const app = await start();
      await isHit(app, 'report:1');
      await app.cache.invalidate({ pattern: 'rep*' });
      expect(await isHit(app, 'report:1')).toBe(false);
    });

    it('has a line for each request that is wrong', async () => {
      const app = await start({});
      await app.post({ tag: '' }).expect(400);
      await app.explain({}).expect(400);
      expect(app.audited).toEqual(['invalidate: invalid', 'explain: invalid']);
    });

    it('takes __proto__ for a name like any other, and pollutes nothing', async () => {
      const app = await start();
      // Fastify refuses such bodies itself.
      await app.post('{"tag":"reports","__proto__":{"pattern":"*","allowPattern":true}}').expect(400);
      await app.post('{"resource":{"type":"ticket","id":"1","__proto__":{"level":"x"}}}').expect(400);
      await app.post('{"__proto__":{"tag":"reports"}}').expect(400);
      await app.post('{"constructor":{"prototype":{"tag":"reports"}}}').expect(400);
      expect(Object.hasOwn(Object.prototype, 'tag') || 'pattern' in {} || 'level' in {}).toBe(false);
    });

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
      'answers 415 to a body of the type %s, which a page of another site can send',
      async (type) => {
        const app = await start();
        await isHit(app, 'report:1', { tags: ['reports'] });
        await app
          .client()
          .post('/cache/invalidate')
          .set('Authorization', `Bearer ${TOKEN}`)
          .type(type)
          .send(type.includes('form-url') ? 'tag=reports' : '{"tag":"reports"}')
          .expect(415);
        expect(await isHit(app, 'report:1', { tags: ['reports'] })).toBe(true);
      },
    );

    it('reads the body as it came, whatever global pipes the app has', async () => {
      const spoil: PipeTransform = {
        transform: () => {
          throw new Error('a pipe of the app');
        },
      };
      const prepare = (app: INestApplication): void =>
        void app.useGlobalPipes(
          new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }),
          spoil,
        );
      const app = await start({ prepare });
      await app.post({ tag: 'reports' }).expect(200, { acknowledged: true });
      await app.explain({ key: 'report:1' }).expect(200);
    });
  });

  describe('GET /cache/explain', () => {
    it('tells why an entry is served, and never what is in it', async () => {
      const app = await start({});
      await isHit(app, 'report:1', { tags: ['reports'] });
      const { body, text, headers } = await app.explain({ key: 'report:1' }).expect(200);
      expect(body).toMatchObject({ key: 'report:1', status: 'hit', tier: 'memory', bytes: expect.any(Number) });
      expect(text).not.toContain('secret-value');
      expect(headers['cache-control']).toBe('no-store');
      expect(app.events).toEqual([{ action: 'explain', outcome: 'done', form: 'key' }]);
      expect(app.audited).toEqual(['explain by key: done']);
    });

    it('tells of the entry of the ids that are named, and of no other', async () => {
      const app = await start();
      await app.scope.run({ tenant: 'a', principal: 'p' }, () => isHit(app, 'report:1'));
      const statusOf = async (scope: object): Promise<unknown> =>
        ((await app.explain({ key: 'report:1', ...scope }).expect(200)).body as { status: unknown }).status;
      expect(await statusOf({ tenant: 'a', principal: 'p' })).toBe('hit');
      expect(await statusOf({ tenant: 'a' })).toBe('miss');
      expect(await statusOf({ tenant: 'b', principal: 'p' })).toBe('miss');
      expect(await statusOf({})).toBe('miss');
    });

    it.each(['fromRequest', 'resolve'] as const)(
      'does not take the entry for one of who asks, where scope.%s knows that',
      async (way) => {
        const app = await start({ cache: { scope: { [way]: () => ({ tenant: 'operators', session: 's' }) } } });
        await app.scope.exactly({ tenant: 'a' }, () => isHit(app, 'report:1'));
        await isHit(app, 'report:2', { scope: 'public' });
        expect((await app.explain({ key: 'report:1', tenant: 'a' })).body).toMatchObject({ status: 'hit' });
        expect((await app.explain({ key: 'report:2' })).body).toMatchObject({ status: 'hit' });
        await app.post({ key: 'report:1', tenant: 'a' }).expect(200);
        await app.post({ key: 'report:2' }).expect(200);
        expect((await app.explain({ key: 'report:1', tenant: 'a' })).body).toMatchObject({ status: 'miss' });
        expect((await app.explain({ key: 'report:2' })).body).toMatchObject({ status: 'miss' });
      },
    );

    it.each<[string, string, RegExp]>([
      ['no key', '', /'key' is missing/],
      ['an empty key', '?key=', /'key' is empty/],
      ['two keys', '?key=secret-1&key=secret-2', /'key' is an array/],
      ['an unknown parameter', '?key=secret-1&tennant=secret-2', /with 1 unknown field: expected none but key, tenant/],
      ['a key that is too long', `?key=${'secret-1'.repeat(200)}`, /'key' is a text of 1600 characters/],
      ['an empty tenant', '?key=secret-1&tenant=', /'tenant' is empty/],
    ])('answers 400 to %s and shows nothing of it', async (_what, query, message) => {
      const app = await start();
      const response = await app
        .client()
        .get(`/cache/explain${query}`)
        .set('Authorization', `Bearer ${TOKEN}`)
        .expect(400);
      expect((response.body as { message: string }).message).toMatch(message);
      expect(response.text).not.toContain('secret-');
      expect(app.events).toEqual([{ action: 'explain', outcome: 'invalid', form: null }]);
    });
  });

  it('follows a global prefix and versions, as the other endpoints do', async () => {
    const app = await start({
      prepare: (starting) => {
        starting.setGlobalPrefix('api');
        starting.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    });
    await app.client().get('/api/v1/cache/health').expect(200);
    await app.post({ tag: 'reports' }, TOKEN, '/api/v1/cache/invalidate').expect(200);
    await app.post({ tag: 'reports' }).expect(404);
  });

  it('says failed, and answers 500, where something breaks that nobody expects', async () => {
    const app = await start({});
    app.cache.invalidate = () => Promise.reject(new Error('secret-broken'));
    const { text } = await app.post({ tag: 'reports' }).expect(500);
    expect(text).not.toContain('secret-');
    expect(app.events).toEqual([{ action: 'invalidate', outcome: 'failed', form: null }]);
  });
});
