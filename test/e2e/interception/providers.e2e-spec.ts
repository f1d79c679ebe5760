import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type DynamicModule,
  forwardRef,
  Get,
  Global,
  Inject,
  Injectable,
  Module,
  Param,
  Scope,
  UseGuards,
} from '@nestjs/common';
import {
  APP_GUARD,
  ContextIdFactory,
  type HostComponentInfo,
  INQUIRER,
  LazyModuleLoader,
  ModuleRef,
  REQUEST,
  type ContextId,
} from '@nestjs/core';
import { AgentCache } from '../../../src/core/cache.js';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { MethodIdentity } from '../../../src/nest/interception/method-identity.js';
import request from 'supertest';
import { boot, bootWithout, closeAll, type Booted } from './boot.js';

/** A client of one region: two of them never answer the same. */
class Client {
  runs = 0;
  constructor(readonly region = 'none') {}

  @Cacheable()
  async price(id: string): Promise<{ at: string }> {
    this.runs++;
    return { at: `${this.region} ${id}` };
  }
}
Injectable()(Client);

const at = async (client: Client, id = '1'): Promise<string> => (await client.price(id)).at;
const keyOf = async ({ cache }: Booted, client: Client): Promise<string | null | undefined> =>
  cache.outcomeOf(await client.price('1'))?.key?.split(':')[0];

afterEach(closeAll);

describe('instances are cached, each for itself', () => {
  it('10. a class', async () => {
    const booted = await boot({ providers: [{ provide: Client, useFactory: () => new Client('eu') }] });
    const client = booted.app.get(Client);
    expect([await at(client), await at(client), client.runs]).toEqual(['eu 1', 'eu 1', 1]);
    expect(await keyOf(booted, client)).toBe('RootTestModule.Client.price');
  });

  it('11. two tokens of one class', async () => {
    @Injectable()
    class Counter {
      static made = 0;
      readonly number = ++Counter.made;
      @Cacheable()
      async value(): Promise<number> {
        return this.number;
      }
    }
    const { app } = await boot({
      providers: [
        { provide: 'FIRST', useClass: Counter },
        { provide: 'SECOND', useClass: Counter },
      ],
    });
    const [first, second] = [app.get<Counter>('FIRST'), app.get<Counter>('SECOND')];
    expect(await Promise.all([first.value(), second.value(), first.value(), second.value()])).toEqual([1, 2, 1, 2]);
  });

  const REGIONS = [
    { provide: 'EU', useFactory: () => new Client('eu') },
    { provide: 'US', useFactory: async () => Promise.resolve(new Client('us')) },
  ];

  /** Whether two clients of one class get each other's prices. */
  const doMix = async ({ app }: Pick<Booted, 'app'>): Promise<boolean> => {
    const [eu, us] = [app.get<Client>('EU'), app.get<Client>('US')];
    for (let round = 0; round < 2; round++) {
      if ((await at(eu)) !== 'eu 1' || (await at(us)) !== 'us 1') return true;
    }
    expect([eu.runs, us.runs]).toEqual([1, 1]);
    return false;
  };

  it('12. what factories make, at once or asynchronously', async () => {
    expect(await doMix(await boot({ providers: REGIONS }))).toBe(false);
  });

  it('12. (the check finds identities that are the class and the method alone)', async () => {
    const builder = await bootWithout({ imports: [CacheModule.forRoot()], providers: REGIONS }, (testing) =>
      testing.overrideProvider(MethodIdentity).useValue({
        of: (instance: object, { key }: { key: string }) => `${instance.constructor.name}.${key}`,
        methodOf: () => 'price',
        settle: () => undefined,
      }),
    );
    expect(await doMix(builder)).toBe(true);
  });

  it('13. values', async () => {
    const providers = [
      { provide: 'EU', useValue: new Client('eu') },
      { provide: 'US', useValue: new Client('us') },
    ];
    expect(await doMix(await boot({ providers }))).toBe(false);
  });

  it('14. an alias, which is the same instance', async () => {
    const booted = await boot({
      providers: [
        { provide: 'EU', useFactory: () => new Client('eu') },
        { provide: 'ALIAS', useExisting: 'EU' },
        { provide: 'AGAIN', inject: ['EU'], useFactory: (client: Client) => client },
      ],
    });
    const clients = ['EU', 'ALIAS', 'AGAIN'].map((token) => booted.app.get<Client>(token));
    for (const client of clients) await at(client);
    expect(clients[0]?.runs).toBe(1);
    expect(await keyOf(booted, clients[0] as Client)).toBe('RootTestModule.AGAIN.price');
  });

  it('14. an alias that is not there yet when its instance is first called', async () => {
    @Injectable()
    class Early {
      @Cacheable()
      async price(): Promise<{ at: string }> {
        return { at: 'here' };
      }
    }
    const keyOfEarly = async (early: Early, cache: AgentCache): Promise<string | undefined> =>
      cache.outcomeOf(await early.price())?.key?.split(':')[0];
    const keys: unknown[] = [];
    const { app, cache } = await boot({
      providers: [
        { provide: 'SECOND', useClass: Early },
        {
          provide: 'FIRST',
          inject: ['SECOND', AgentCache],
          useFactory: async (early: Early, itsCache: AgentCache) => {
            for (let round = 0; round < 100 && !keys[0]; round++) {
              await turn();
              keys[0] = await keyOfEarly(early, itsCache);
            }
            return early;
          },
        },
      ],
    });
    keys.push(await keyOfEarly(app.get('SECOND'), cache));
    expect(keys).toEqual(['RootTestModule.SECOND.price', 'RootTestModule.FIRST.price']);
  });

  it('15. symbols for tokens, told from texts', async () => {
    const [EU, US] = [Symbol('eu'), Symbol('us')];
    const booted = await boot({
      providers: [
        { provide: EU, useFactory: () => new Client('eu') },
        { provide: US, useFactory: () => new Client('us') },
        { provide: '~seu', useFactory: () => new Client('text') },
      ],
    });
    expect(await at(booted.app.get(EU))).toBe('eu 1');
    expect(await at(booted.app.get(US))).toBe('us 1');
    expect(await at(booted.app.get('~seu'))).toBe('text 1');
    expect(await keyOf(booted, booted.app.get(EU))).toBe('RootTestModule.~seu.price');
  });

  it('15. symbols that cannot be told apart: past the cache, with a word how to change that', async () => {
    const [one, other] = [Symbol('client'), Symbol('client')];
    const { app, warnings } = await boot({
      providers: [
        { provide: one, useFactory: () => new Client('one') },
        { provide: other, useFactory: () => new Client('other') },
      ],
    });
    for (let round = 0; round < 2; round++) {
      expect([await at(app.get(one)), await at(app.get(other))]).toEqual(['one 1', 'other 1']);
    }
    expect(app.get<Client>(one).runs).toBe(2);
    expect(
      warnings.filter((message) => message.includes('Client.price') && message.includes('`namespace`')),
    ).toHaveLength(1);
  });

  it('16. a class of the same name in another module', async () => {
    const { app } = await boot({ imports: [regionModule('EuModule', 'eu'), regionModule('UsModule', 'us')] });
    expect(await at(app.get('EuModule client'))).toBe('eu 1');
    expect(await at(app.get('UsModule client'))).toBe('us 1');
    expect(app.get<Client>('EuModule client').runs).toBe(1);
  });

  it('17. a class of the same name in a module of the same name: past the cache', async () => {
    const module = (region: string): DynamicModule => {
      const Same = { SameModule: class {} }.SameModule;
      Module({})(Same);
      return {
        module: Same,
        providers: [{ provide: Client, useFactory: () => new Client(region) }, alias(region)],
        exports: [region],
      };
    };
    const alias = (token: string): { provide: string; useExisting: typeof Client } => ({
      provide: token,
      useExisting: Client,
    });
    const { app, cache } = await boot({ imports: [module('eu'), module('us')] });
    for (let round = 0; round < 2; round++) {
      expect(await at(app.get('eu'))).toBe('eu 1');
      expect(await at(app.get('us'))).toBe('us 1');
    }
    expect(cache.outcomeOf(await app.get<Client>('eu').price('1'))?.status).toBe('bypass');
  });

  it('18. a request-scoped class: from request to request where a namespace says so, else past the cache', async () => {
    const runs: string[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @Cacheable({ namespace: 'requests' })
      async shared(id: string): Promise<string> {
        runs.push(`shared ${id}`);
        return id;
      }
      @Cacheable()
      async own(id: string): Promise<string> {
        runs.push(`own ${id}`);
        return id;
      }
    }
    const { app, warnings } = await boot({ providers: [PerRequest] });
    const [one, other] = [await app.resolve(PerRequest), await app.resolve(PerRequest)];
    expect(one).not.toBe(other);
    for (const service of [one, other]) await service.shared('a');
    for (const service of [one, other]) await service.own('a');
    expect(runs).toEqual(['shared a', 'own a', 'own a']);
    expect(warnings.filter((message) => message.includes('PerRequest.own runs uncached'))).toHaveLength(1);
  });

  it('18. a request-scoped class that a guard fills: past the cache', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class CurrentUser {
      #id = '';
      set id(id: string) {
        this.#id = id;
      }
      @Cacheable()
      async whoAmI(): Promise<string> {
        return this.#id;
      }
    }
    const { app } = await boot({
      providers: [
        { provide: 'ONE', useClass: CurrentUser },
        { provide: 'OTHER', useClass: CurrentUser },
      ],
    });
    const answers: string[] = [];
    for (const [token, id] of [
      ['ONE', 'alice'],
      ['ONE', 'bob'],
      ['OTHER', 'carol'],
    ] as const) {
      const user = await app.resolve<CurrentUser>(token, ContextIdFactory.create());
      user.id = id;
      answers.push(await user.whoAmI());
    }
    expect(answers).toEqual(['alice', 'bob', 'carol']);
  });

  class Tenants {
    static runs = 0;
    @Inject(REQUEST) readonly request!: { user: string };
    @Cacheable()
    async mine(): Promise<string> {
      Tenants.runs++;
      return this.request.user;
    }
    @Cacheable({
      namespace: 'tenants',
      vary(this: Tenants) {
        return this.request.user;
      },
    })
    async shared(): Promise<string> {
      Tenants.runs++;
      return this.request.user;
    }
  }

  /** What two requests of two users, each made twice, are answered. */
  const answersOf = async ({ app }: Booted, method: 'mine' | 'shared'): Promise<string[]> => {
    const answers: string[] = [];
    for (const user of ['alice', 'bob', 'alice', 'bob']) {
      const contextId = ContextIdFactory.create();
      app.registerRequestByContextId({ user }, contextId);
      answers.push(await (await app.resolve(Tenants, contextId))[method]());
    }
    return answers;
  };

  it('19. a request-scoped class that holds the request: past the cache, unless it says what it depends on', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerUser extends Tenants {}
    const booted = await boot({ providers: [{ provide: Tenants, useClass: PerUser, scope: Scope.REQUEST }] });
    Tenants.runs = 0;
    expect(await answersOf(booted, 'mine')).toEqual(['alice', 'bob', 'alice', 'bob']);
    expect(Tenants.runs).toBe(4);
    expect(await answersOf(booted, 'shared')).toEqual(['alice', 'bob', 'alice', 'bob']);
    expect(Tenants.runs).toBe(6);
    expect(booted.warnings.join()).toContain('.mine runs uncached');
  });

  it('19. a class that depends, far below, on one that a guard fills: past the cache', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class CurrentUser {
      id = '';
    }
    @Injectable()
    class Session {
      constructor(readonly user: CurrentUser) {}
    }
    @Injectable()
    class Orders {
      constructor(readonly session: Session) {}
      @Cacheable()
      async mine(): Promise<string> {
        return `orders of ${this.session.user.id}`;
      }
    }
    const { app } = await boot({ providers: [CurrentUser, Session, Orders] });
    for (const id of ['alice', 'bob']) {
      const contextId = ContextIdFactory.create();
      (await app.resolve(CurrentUser, contextId)).id = id;
      expect(await (await app.resolve(Orders, contextId)).mine()).toBe(`orders of ${id}`);
    }
  });

  it('19. a class that depends on one that holds the request: past the cache', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Session {
      constructor(@Inject(REQUEST) readonly request: { user: string }) {}
    }
    @Injectable()
    class Account {
      constructor(readonly session: Session) {}
      @Cacheable()
      async owner(): Promise<string> {
        return this.session.request.user;
      }
    }
    const { app } = await boot({ providers: [Session, Account] });
    for (const user of ['alice', 'bob']) {
      const contextId = ContextIdFactory.create();
      app.registerRequestByContextId({ user }, contextId);
      expect(await (await app.resolve(Account, contextId)).owner()).toBe(user);
    }
  });

  it('20. a durable class: what belongs to one tenant never goes to another', async () => {
    ContextIdFactory.apply({
      attach(contextId: ContextId, incoming: { tenant?: number }) {
        const tenant = incoming.tenant ?? 0;
        const parent = { id: 1_000_000 + tenant };
        return {
          resolve: (info: HostComponentInfo) => (info.isTreeDurable ? parent : contextId),
          payload: { user: `tenant ${tenant}` },
        };
      },
    });
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Repository extends Tenants {}
    const { app } = await boot({ providers: [Repository] });
    Tenants.runs = 0;
    for (const tenant of [1, 2, 1]) {
      const incoming = { tenant };
      const contextId = ContextIdFactory.getByRequest(incoming);
      app.registerRequestByContextId({ user: `tenant ${tenant}` }, contextId);
      const repository = await app.resolve(Repository, contextId);
      expect(await repository.mine()).toBe(`tenant ${tenant}`);
      expect(await repository.shared()).toBe(`tenant ${tenant}`);
    }
    // `mine` three times, `shared` once for each tenant.
    expect(Tenants.runs).toBe(5);
  });

  it('21. a transient class: from one who asks to the next where a namespace says so', async () => {
    const runs: string[] = [];
    @Injectable({ scope: Scope.TRANSIENT })
    class Helper {
      @Cacheable({ namespace: 'helpers' })
      async value(id: string): Promise<string> {
        runs.push(id);
        return id;
      }
    }
    @Injectable()
    class One {
      constructor(readonly helper: Helper) {}
    }
    @Injectable()
    class Other {
      constructor(readonly helper: Helper) {}
    }
    const { app } = await boot({ providers: [Helper, One, Other] });
    expect(app.get(One).helper).not.toBe(app.get(Other).helper);
    await app.get(One).helper.value('a');
    await app.get(Other).helper.value('a');
    expect(runs).toEqual(['a']);
  });

  it('21. a transient class that those who ask set up: past the cache', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class RegionClient {
      region = '';
      @Cacheable()
      async price(id: string): Promise<string> {
        return `${this.region} ${id}`;
      }
    }
    @Injectable()
    class Eu {
      constructor(readonly client: RegionClient) {
        client.region = 'eu';
      }
    }
    @Injectable()
    class Us {
      constructor(readonly client: RegionClient) {
        client.region = 'us';
      }
    }
    const { app, warnings } = await boot({ providers: [RegionClient, Eu, Us] });
    expect([await app.get(Eu).client.price('1'), await app.get(Us).client.price('1')]).toEqual(['eu 1', 'us 1']);
    expect(warnings.filter((message) => message.includes('`namespace`'))).toHaveLength(1);
  });

  it('21. a transient class that knows who asked: past the cache', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Named {
      constructor(@Inject(INQUIRER) private readonly inquirer: object) {}
      @Cacheable()
      async owner(): Promise<string> {
        return this.inquirer.constructor.name;
      }
    }
    @Injectable()
    class One {
      constructor(readonly named: Named) {}
    }
    @Injectable()
    class Other {
      constructor(readonly named: Named) {}
    }
    const { app } = await boot({ providers: [Named, One, Other] });
    expect([await app.get(One).named.owner(), await app.get(Other).named.owner()]).toEqual(['One', 'Other']);
  });

  it('22. a controller, behind its routes', async () => {
    @Controller('prices')
    class PriceController {
      runs = 0;
      @Get('above/:id')
      @Cacheable()
      async above(@Param('id') id: string): Promise<{ id: string }> {
        this.runs++;
        return { id };
      }
      @Cacheable()
      @Get('below/:id')
      async below(@Param('id') id: string): Promise<{ id: string }> {
        this.runs++;
        return { id };
      }
    }
    const { app } = await boot({ controllers: [PriceController] });
    const http = app.createNestApplication({ logger: false });
    await http.init();
    for (const path of ['/prices/above/7', '/prices/above/7', '/prices/below/8', '/prices/below/8']) {
      await request(http.getHttpServer())
        .get(path)
        .expect(200, { id: path.slice(-1) });
    }
    expect(app.get(PriceController).runs).toBe(2);
    await http.close();
  });

  it('23. guards: one of a controller, and one of the whole app', async () => {
    const runs: string[] = [];
    @Injectable()
    class Allowed implements CanActivate {
      canActivate(): Promise<boolean> {
        return this.isAllowed('route');
      }
      @Cacheable()
      async isAllowed(whom: string): Promise<boolean> {
        runs.push(whom);
        return true;
      }
    }
    @Injectable()
    class AllowedEverywhere extends Allowed {
      override canActivate(): Promise<boolean> {
        return this.isAllowed('app');
      }
    }
    @Controller()
    @UseGuards(Allowed)
    class Guarded {
      @Get()
      get(): string {
        return 'in';
      }
    }
    const { app } = await boot({
      controllers: [Guarded],
      providers: [Allowed, { provide: APP_GUARD, useClass: AllowedEverywhere }],
    });
    const http = app.createNestApplication({ logger: false });
    await http.init();
    for (let round = 0; round < 2; round++) await request(http.getHttpServer()).get('/').expect(200, 'in');
    expect(runs.sort()).toEqual(['app', 'route']);
    await http.close();
  });

  it('24. a class of a module that is loaded later', async () => {
    @Injectable()
    class Late {
      runs = 0;
      @Cacheable()
      async value(): Promise<number> {
        return ++this.runs;
      }
    }
    @Module({ providers: [Late], exports: [Late] })
    class LateModule {}
    const booted = await boot({ providers: [{ provide: Client, useFactory: () => new Client('eu') }] });
    await at(booted.app.get(Client));
    const late = (await booted.app.get(LazyModuleLoader).load(() => LateModule)).get(Late);
    expect([await late.value(), await late.value()]).toEqual([1, 1]);
    expect(await keyOf(booted, booted.app.get(Client))).toBe('RootTestModule.Client.price');
  });

  it('25. an instance that is made beside the provider of its class: past the cache', async () => {
    @Injectable()
    class Counter {
      static made = 0;
      readonly number = ++Counter.made;
      @Cacheable()
      async value(): Promise<number> {
        return this.number;
      }
    }
    const { app } = await boot({ providers: [Counter] });
    expect(await app.get(Counter).value()).toBe(1);
    const beside = await app.get(ModuleRef).create(Counter);
    expect([await beside.value(), await app.get(Counter).value()]).toEqual([2, 1]);
  });

  it('26. classes that depend on each other', async () => {
    @Injectable()
    class Chicken {
      runs = 0;
      constructor(@Inject(forwardRef(() => Egg)) readonly egg: object) {}
      @Cacheable()
      async value(): Promise<string> {
        this.runs++;
        return 'chicken';
      }
    }
    @Injectable()
    class Egg {
      runs = 0;
      constructor(@Inject(forwardRef(() => Chicken)) readonly chicken: Chicken) {}
      @Cacheable()
      async value(): Promise<string> {
        this.runs++;
        return `egg of ${await this.chicken.value()}`;
      }
    }
    const { app } = await boot({ providers: [Chicken, Egg] });
    for (let round = 0; round < 2; round++) expect(await app.get(Egg).value()).toBe('egg of chicken');
    expect([app.get(Egg).runs, app.get(Chicken).runs]).toEqual([1, 1]);
  });

  it('27. classes in modules that cannot see the cache', async () => {
    @Module({ imports: [CacheModule.forRoot({ isGlobal: false })] })
    class OnlyHere {}
    const { app } = await bootWithout({ imports: [OnlyHere, regionModule('ElsewhereModule', 'eu')] });
    const client = app.get<Client>('ElsewhereModule client', { strict: false });
    await at(client);
    await at(client);
    expect(client.runs).toBe(1);
  });
});

function regionModule(name: string, region: string): DynamicModule {
  const Named = { [name]: class {} }[name] as new () => unknown;
  Global()(Named);
  Module({})(Named);
  const token = `${name} client`;
  return {
    module: Named,
    providers: [
      { provide: Client, useFactory: () => new Client(region) },
      { provide: token, useExisting: Client },
    ],
    exports: [token],
  };
}
