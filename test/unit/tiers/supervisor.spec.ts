import { beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { NotConnectedError } from '../../../src/tiers/redis/clients/command-failure.js';
import { Connections } from '../../../src/tiers/redis/connections/connections.js';
import type { RedisClient } from '../../../src/tiers/redis/clients/load-ioredis.js';
import { Supervisor, type SupervisorOptions } from '../../../src/tiers/redis/connections/supervisor.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** A client without a network, in whatever state a test puts it. */
class FakeClient extends EventEmitter {
  readonly isCluster = false;
  readonly options = {};
  status = 'wait';
  echoes: string[] = [];
  answerEcho: (text: string) => string = (text) => text;
  readonly stream = { destroy: () => this.become('end'), cork: () => {}, uncork: () => {} };

  connect(): Promise<void> {
    this.status = 'connecting';
    return new Promise(() => {});
  }

  info(): Promise<string> {
    return Promise.resolve('');
  }

  disconnects = 0;
  disconnect(): void {
    this.disconnects++;
  }

  echo(text: string): Promise<string> {
    this.echoes.push(text);
    return Promise.resolve(this.answerEcho(text));
  }

  become(status: 'ready' | 'end'): void {
    this.status = status;
    this.emit(status);
  }
}

/** Clients that `create` makes, in order. */
const factory = (clients: FakeClient[]) => () => {
  const client = new FakeClient();
  clients.push(client);
  return client as unknown as RedisClient;
};

describe('some connections', () => {
  it('are used in turn, those that are ready', () => {
    const clients: FakeClient[] = [];
    const connections = new Connections(3, {
      clock: new FakeClock(),
      create: factory(clients),
      attemptTimeoutMs: 5_000,
      onReady: () => undefined,
      onDown: () => undefined,
    });
    expect(() => connections.take()).toThrow(NotConnectedError);
    clients[0]?.become('ready');
    clients[2]?.become('ready');
    const taken = [1, 2, 3, 4].map(() => clients.indexOf(connections.take() as unknown as FakeClient));
    expect([...taken].sort()).toEqual([0, 0, 2, 2]);
    expect(taken[0]).not.toBe(taken[1]);
    expect(connections.readyCount).toBe(2);
  });
});

describe('a supervisor', () => {
  let clock: FakeClock;
  let clients: FakeClient[];
  let told: string[];
  let supervisor: Supervisor;

  const create = (options: Partial<SupervisorOptions> = {}) => {
    clock = new FakeClock();
    clients = [];
    told = [];
    supervisor = new Supervisor({
      clock,
      create: factory(clients),
      attemptTimeoutMs: 5_000,
      onReady: () => void told.push('ready'),
      onDown: () => void told.push('down'),
      random: () => 1,
      ...options,
    });
  };
  beforeEach(() => create());

  const client = () => clients.at(-1) as FakeClient;

  it('connects at once, and hands the client out only when it is ready', () => {
    expect(clients).toHaveLength(1);
    expect(supervisor.take()).toBeNull();
    client().become('ready');
    expect(supervisor.take()).toBe(client());
    expect(told).toEqual(['ready']);
  });

  it('makes a new client at once when a connection is lost that had been up for a while', async () => {
    client().become('ready');
    await clock.advance(1_000);
    client().become('end');
    expect(supervisor.take()).toBeNull();
    expect(told).toEqual(['ready', 'down']);
    await clock.advance(0);
    expect(clients).toHaveLength(2);
    client().become('ready');
    expect(told).toEqual(['ready', 'down', 'ready']);
  });

  it('pauses before the next attempt for as long as it is told, whoever wants it sooner', async () => {
    client().become('ready');
    supervisor.reset(30_000);
    supervisor.want();
    await clock.advance(29_999);
    expect(clients).toHaveLength(1);
    await clock.advance(1);
    expect(clients).toHaveLength(2);
    client().become('ready');
    supervisor.reset();
    await clock.advance(2_000);
    expect(clients).toHaveLength(3);
  });

  it('ends a client for good that ended by itself: the library may still listen to sentinels', () => {
    client().become('end');
    expect(clients[0]?.disconnects).toBe(1);
  });

  it('slows down while nobody asks, to two seconds at most', async () => {
    const attemptsIn = async (ms: number) => {
      const before = clients.length;
      for (let elapsed = 0; elapsed < ms; elapsed += 10) {
        if (client().status !== 'end') client().become('end');
        await clock.advance(10);
      }
      return clients.length - before;
    };
    await attemptsIn(10_000);
    expect(await attemptsIn(20_000)).toBeLessThanOrEqual(10);
  });

  it('tries sooner when somebody asks, forty times a second at most', async () => {
    client().become('end');
    for (let ms = 0; ms < 1_000; ms++) {
      supervisor.want();
      await clock.advance(1);
      if (client().status !== 'end') client().become('end');
    }
    expect(clients.length).toBeGreaterThan(30);
    expect(clients.length).toBeLessThanOrEqual(42);
  });

  describe('whose connections are lost as soon as they are ready', () => {
    const STEP_MS = 5;
    const flap = async (ms: number) => {
      const before = clients.length;
      for (let elapsed = 0; elapsed < ms; elapsed += STEP_MS) {
        supervisor.want();
        if (client().status === 'connecting') client().become('ready');
        else if (client().status === 'ready') client().become('end');
        await clock.advance(STEP_MS);
      }
      return clients.length - before;
    };

    it('slows down to one a second, though somebody asks', async () => {
      await flap(5_000);
      expect(await flap(10_000)).toBeLessThanOrEqual(11);
    });

    it('does not promise to be ready in a moment', async () => {
      await flap(200);
      while (client().status !== 'end') await flap(1);
      expect(supervisor.isConnecting).toBe(false);
    });

    it('is as quick as ever once a connection has lasted', async () => {
      await flap(5_000);
      while (client().status !== 'ready') await flap(1);
      await clock.advance(1_000);
      const before = clients.length;
      client().become('end');
      await clock.advance(50);
      expect(clients).toHaveLength(before + 1);
    });
  });

  it('is not hurried after the server refused it, such as for a wrong password', async () => {
    client().emit('error', Object.assign(new Error('WRONGPASS'), { name: 'ReplyError' }));
    client().become('end');
    supervisor.want();
    await clock.advance(49);
    expect(clients).toHaveLength(1);
    await clock.advance(1);
    expect(clients).toHaveLength(2);
  });

  it('gives up an attempt that neither succeeds nor fails', async () => {
    await clock.advance(5_000);
    expect(told).toEqual(['down']);
    await clock.advance(100);
    expect(clients).toHaveLength(2);
  });

  it('keeps a client that is ready, however long', async () => {
    client().become('ready');
    await clock.advance(3_600_000);
    expect(clients).toHaveLength(1);
  });

  it('swallows errors of the connection', () => {
    expect(() => client().emit('error', new Error('ECONNREFUSED'))).not.toThrow();
  });

  it('hears nothing more from a client that it has thrown away', async () => {
    const [first] = clients;
    supervisor.reset();
    await clock.advance(100);
    first?.become('ready');
    expect(supervisor.take()).toBeNull();
    expect(told).toEqual(['down']);
  });

  describe('with answers out of step', () => {
    beforeEach(() => client().become('ready'));

    it('throws the client away for a reply that nobody asked for', async () => {
      client().emit('error', new Error('Command queue state error. If you can reproduce this, please report it.'));
      await clock.advance(100);
      expect(clients).toHaveLength(2);
    });

    it('throws the connection away when it does not repeat a text', async () => {
      client().answerEcho = () => 'the answer to something else';
      supervisor.take();
      await clock.advance(100);
      expect(clients).toHaveLength(2);
    });

    it('asks four times a second at most, and not while there are no commands', async () => {
      for (let ms = 0; ms < 1_000; ms++) {
        supervisor.take();
        await clock.advance(1);
      }
      const asked = client().echoes.length;
      expect(asked).toBe(4);
      await clock.advance(10_000);
      expect(client().echoes).toHaveLength(asked);
      expect(new Set(client().echoes).size).toBe(asked);
    });

    it('takes an error for no answer', async () => {
      client().echo = () => Promise.reject(new Error('NOPERM'));
      supervisor.take();
      await clock.advance(100);
      expect(clients).toHaveLength(1);
    });
  });

  describe('close', () => {
    it('ends the client and connects no more', async () => {
      client().become('ready');
      await supervisor.close();
      expect(client().status).toBe('end');
      supervisor.want();
      await clock.advance(60_000);
      expect(clients).toHaveLength(1);
      expect(supervisor.take()).toBeNull();
      expect(clock.pendingTimerCount).toBe(0);
    });

    it('waits no longer than 200 ms for a client that does not end', async () => {
      client().stream.destroy = () => {};
      let isClosed = false;
      void supervisor.close().then(() => (isClosed = true));
      await clock.advance(199);
      expect(isClosed).toBe(false);
      await clock.advance(1);
      expect(isClosed).toBe(true);
    });

    it('calls off an attempt that was to come', async () => {
      client().become('end');
      await supervisor.close();
      await clock.advance(60_000);
      expect(clients).toHaveLength(1);
    });
  });
});
