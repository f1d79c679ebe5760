import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, type ExecutionContext, Inject, Injectable, type INestApplication } from '@nestjs/common';
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { defer, firstValueFrom, type Observable } from 'rxjs';
import { PUBLIC, ScopeKeys } from '../../../src/core/scope-key.js';
import { AgentCache, CacheModule, CacheReadOnlyTool, type ScopeValues } from '../../../src/index.js';

interface Message {
  readonly user?: string;
}

/** What this file uses of the client of `ws`. */
interface Socket {
  send(text: string): void;
  close(): void;
  on(event: 'message', listener: (data: Buffer) => void): void;
}
const WebSocketClient = createRequire(createRequire(import.meta.url).resolve('@nestjs/platform-ws'))('ws') as new (
  url: string,
) => Socket & NodeJS.EventEmitter;

/** Knows who is asking from the message alone, which the tool is not given. */
function fromRequest(context: ExecutionContext): ScopeValues | undefined {
  const { user } =
    context.getType() === 'ws' ? context.switchToWs().getData<Message>() : context.switchToRpc().getData<Message>();
  return user === undefined ? undefined : { principal: user };
}

/** Who is asking, as the app knows it; no argument of a call says so. */
const asking = new AsyncLocalStorage<string>();

@Injectable()
class Tools {
  readonly runs: string[] = [];
  open: Promise<void> = Promise.resolve();

  @CacheReadOnlyTool()
  async execute(_call: { tool: string; params: object }): Promise<{ user: string }> {
    const user = asking.getStore() ?? 'nobody';
    this.runs.push(user);
    await this.open;
    return { user };
  }

  ask(user = 'a stranger'): Promise<{ user: string }> {
    return asking.run(user, () => this.execute({ tool: 'my_access', params: {} }));
  }
}

@Controller()
class Messages {
  constructor(@Inject(Tools) private readonly tools: Tools) {}

  @MessagePattern('mine')
  mine(@Payload() { user }: Message): Promise<{ user: string }> {
    return this.tools.ask(user);
  }

  @MessagePattern('later')
  later(@Payload() { user }: Message): Observable<{ user: string }> {
    return defer(() => this.tools.ask(user));
  }

  @EventPattern('told')
  async told(@Payload() { user }: Message): Promise<void> {
    await this.tools.ask(user);
  }
}

@WebSocketGateway()
class Gateway {
  constructor(@Inject(Tools) private readonly tools: Tools) {}

  @SubscribeMessage('mine')
  async mine(@MessageBody() { user }: Message): Promise<{ event: string; data: unknown }> {
    return { event: 'mine', data: await this.tools.ask(user) };
  }
}

interface Started {
  readonly tools: Tools;
  readonly bypasses: string[];
  ask(user?: string): Promise<string>;
}
interface Transported extends Started {
  readonly app: INestApplication;
  readonly client: ClientProxy;
}

const endings: (() => unknown)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const end of endings.splice(0).reverse()) await end();
});

async function boot(inheritAppConfig = true): Promise<Omit<Transported, 'ask'>> {
  const imports = [
    CacheModule.forRoot({
      prefix: 'test',
      tools: { my_access: { permissionTier: 'READ_ONLY' } },
      scope: { fromRequest },
    }),
  ];
  const module = await Test.createTestingModule({
    imports,
    controllers: [Messages],
    providers: [Tools, Gateway],
  }).compile();
  const app = module.createNestApplication({ logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  endings.push(() => app.close());
  const service = app.connectMicroservice(
    { transport: Transport.TCP, options: { port: 0, host: '127.0.0.1' } },
    { inheritAppConfig },
  );
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const { port } = service.unwrap<{ address(): AddressInfo }>().address();
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port, host: '127.0.0.1' } });
  endings.push(() => client.close());
  const bypasses: string[] = [];
  app.get(AgentCache).on('bypass', ({ reason }) => bypasses.push(reason));
  return { app, client, bypasses, tools: app.get(Tools) };
}

async function overTcp(pattern = 'mine', inheritAppConfig = true): Promise<Transported> {
  const booted = await boot(inheritAppConfig);
  const ask = async (user?: string): Promise<string> =>
    (await firstValueFrom(booted.client.send<{ user: string }>(pattern, { user }))).user;
  return { ...booted, ask };
}

async function overWebSocket(): Promise<Transported> {
  const booted = await boot();
  const socket = new WebSocketClient((await booted.app.getUrl()).replace('http', 'ws'));
  endings.push(() => socket.close());
  await once(socket, 'open');
  // One connection for everybody.
  const answers: ((user: string) => void)[] = [];
  socket.on('message', (data) => answers.shift()?.((JSON.parse(String(data)) as { data: { user: string } }).data.user));
  const ask = (user?: string): Promise<string> =>
    new Promise((resolve) => {
      answers.push(resolve);
      socket.send(JSON.stringify({ event: 'mine', data: { user } }));
    });
  return { ...booted, ask };
}

describe.each([
  ['a microservice over TCP', () => overTcp()],
  ['a microservice that answers Observables', () => overTcp('later')],
  ['a WebSocket gateway', overWebSocket],
])('a scope that is filled from the messages of %s', (_name, start) => {
  const answersOf = async ({ ask }: Started): Promise<string[]> => {
    const answers: string[] = [];
    for (const user of ['alice', 'bob', 'alice', 'bob']) answers.push(await ask(user));
    return answers;
  };

  it('gives nobody the answer of another to empty parameters', async () => {
    const started = await start();
    expect(await answersOf(started)).toEqual(['alice', 'bob', 'alice', 'bob']);
    expect(started.tools.runs).toEqual(['alice', 'bob']);
  });

  it('(the check finds a key without the scope)', async () => {
    jest.spyOn(ScopeKeys.prototype, 'of').mockReturnValue(PUBLIC);
    expect(await answersOf(await start())).toEqual(['alice', 'alice', 'alice', 'alice']);
  });

  it('keeps messages apart that are in flight at the same time', async () => {
    const { ask, tools } = await start();
    let open = (): void => undefined;
    tools.open = new Promise((resolve) => (open = resolve));
    const asked = ['alice', 'bob', 'carol', 'alice', 'bob'];
    const answers = Promise.all(asked.map((user) => ask(user)));
    while (tools.runs.length < 3) await new Promise((resolve) => setImmediate(resolve));
    open();
    expect([...(await answers)].sort()).toEqual([...asked].sort());
    expect([...tools.runs].sort()).toEqual(['alice', 'bob', 'carol']);
  });

  it('goes past the cache where nobody knows who asks, on the same connection', async () => {
    const { ask, tools, bypasses } = await start();
    expect([await ask('alice'), await ask(), await ask()]).toEqual(['alice', 'a stranger', 'a stranger']);
    expect(tools.runs).toHaveLength(3);
    expect(bypasses).toEqual(['unknown-scope', 'unknown-scope']);
  });
});

describe('a scope that is filled from messages', () => {
  it('holds for events, too', async () => {
    const { client, tools, ask } = await overTcp();
    await firstValueFrom(client.emit('told', { user: 'alice' }), { defaultValue: null });
    while (tools.runs.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await ask('alice')).toBe('alice');
    expect(tools.runs).toEqual(['alice']);
  });

  it('is unknown in a microservice that does not inherit the configuration of the app', async () => {
    const { ask, bypasses } = await overTcp('mine', false);
    expect([await ask('alice'), await ask('bob')]).toEqual(['alice', 'bob']);
    expect(bypasses).toEqual(['unknown-scope', 'unknown-scope']);
  });
});
