import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Random } from '../race/random.js';
import { freePort, type RedisServer } from '../support/redis-server.js';
import type { ProxyFault } from '../support/proxy-host.js';
import type { RemoteProxies } from '../support/remote-proxies.js';

export const FAULTS = [
  'stopped',
  'killed',
  'refused',
  'mute',
  'half-open',
  'reset',
  'slow link',
  'late data',
  'cut replies',
  'garbage',
  'stray replies',
  'loading',
  'out of memory',
  'read only',
  'disk full',
  'password',
  'clients killed',
  'tracking lost',
  'flushed',
  'keys deleted',
  'evicting',
  'channel stalled',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Options that the server needs for its faults. */
export const SERVER_ARGS = [
  ...['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes'],
  ...['--loading-process-events-interval-bytes', '1024'],
];

const CHANNEL = /TRACKING/i;
const ALL_BUT_CHANNEL = /^(?![^]*TRACKING)/i;
const EVERYTHING = /^/;
const SLOW_LINK_MS = 300;
const AGAIN_MS = 60;
/** Roughly how long a server that is loading takes for one key, in microseconds. */
const LOADING_KEY_US = 2_000;

interface FaultsParts {
  readonly server: RedisServer;
  readonly proxies: RemoteProxies;
  readonly random: Random;
  /** Told of the new process of the server. */
  readonly restarted: () => Promise<void>;
  /** Somebody else deletes keys of the cache, for which there is a reason. */
  readonly deleteOutside: () => Promise<void>;
}

/** Does something to Redis or to the way there. */
export class Faults {
  /** Past all faults; stays who it is, also where others need a password. */
  private readonly admin: Redis;
  private readonly folder = mkdtempSync(join(tmpdir(), 'agent-cache-soak-'));

  constructor(private readonly parts: FaultsParts) {
    this.admin = new Redis(parts.server.port, '127.0.0.1');
    this.admin.on('error', () => undefined);
  }

  /** Resolves when it is over, after about `forMs` milliseconds. */
  async run(fault: FaultName, ways: readonly number[], forMs: number): Promise<void> {
    const { server } = this.parts;
    const proxied = (name: ProxyFault, ...args: unknown[]): Promise<void> =>
      this.parts.proxies.call(ways, name, ...args);
    const during = async (begin: () => unknown, end: () => unknown): Promise<void> => {
      await begin();
      await sleep(forMs);
      await end();
    };
    const broken = (name: ProxyFault, ...args: unknown[]) =>
      during(
        () => proxied(name, ...args),
        () => proxied('heal'),
      );
    const again = (act: () => unknown, everyMs = AGAIN_MS) => this.again(act, forMs, everyMs);
    const configured = (name: string, value: string, normal: string) =>
      during(
        () => this.config(name, value),
        () => this.config(name, normal),
      );

    switch (fault) {
      case 'stopped':
        return during(
          () => server.pause(),
          () => server.resume(),
        );
      case 'killed':
        await during(
          () => server.kill(),
          () => server.restart(),
        );
        return this.parts.restarted();
      case 'refused':
        return broken('refuse');
      case 'mute':
        return broken('mute');
      case 'half-open':
        return broken('halfOpen');
      case 'reset':
        return again(() => proxied('resetAll'), 200);
      case 'slow link':
        return broken('lag', SLOW_LINK_MS, EVERYTHING);
      case 'late data':
        return broken('lag', this.parts.random.integer(5, 40), ALL_BUT_CHANNEL);
      case 'cut replies':
        return again(() => proxied('cutNextReply', this.parts.random.integer(1, 10)));
      case 'garbage':
        return again(() => proxied('replaceNextReply', '\u0000\u0001garbage\r\n'));
      case 'stray replies':
        return again(() => proxied('insertBeforeNextReply', '+OK\r\n'));
      case 'loading':
        return this.load(forMs);
      case 'out of memory':
        return configured('maxmemory', '1', '0');
      case 'read only': {
        const nobody = await freePort();
        return during(
          () => this.admin.call('REPLICAOF', '127.0.0.1', nobody),
          () => this.admin.call('REPLICAOF', 'NO', 'ONE'),
        );
      }
      case 'disk full':
        return during(
          () => this.fillDisk(),
          () => this.clearDisk(),
        );
      case 'password':
        return during(
          async () => {
            await this.config('requirepass', 'somebody has changed it');
            await this.killClients();
          },
          () => this.config('requirepass', ''),
        );
      case 'clients killed':
        return again(() => this.killClients(), 250);
      case 'tracking lost':
        return again(() => this.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub'), 300);
      case 'flushed':
        return again(() => this.admin.flushall(), 250);
      case 'keys deleted':
        return again(() => this.parts.deleteOutside(), 20);
      case 'evicting':
        await this.config('maxmemory-policy', 'allkeys-random');
        await configured('maxmemory', String(Math.floor((await this.usedBytes()) * 0.97)), '0');
        return this.config('maxmemory-policy', 'noeviction');
      case 'channel stalled':
        return broken('stall', CHANNEL);
    }
  }

  close(): void {
    this.admin.disconnect();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async again(act: () => unknown, forMs: number, everyMs: number): Promise<void> {
    for (const endsAtMs = performance.now() + forMs; performance.now() < endsAtMs; await sleep(everyMs)) await act();
  }

  private async config(name: string, value: string): Promise<void> {
    await this.admin.config('SET', name, value);
  }

  private async killClients(): Promise<void> {
    for (const type of ['normal', 'pubsub']) await this.admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
  }

  private async usedBytes(): Promise<number> {
    return Number(/used_memory:(\d+)/.exec(await this.admin.info('memory'))?.[1]);
  }

  /** Writes its data and reads them again, slowly. */
  private async load(forMs: number): Promise<void> {
    const keys = Math.max(1, await this.admin.dbsize());
    // Not where a server that is started again would find them: it is to come back empty.
    await this.config('dir', this.folder);
    await this.config('key-load-delay', String(Math.min(LOADING_KEY_US * 5, Math.floor((forMs * 1_000) / keys))));
    await this.admin.call('DEBUG', 'RELOAD');
    await this.config('key-load-delay', '0');
  }

  /** The folder of its data is gone, so that a snapshot fails, and with it, by configuration, every write. */
  private async fillDisk(): Promise<void> {
    const gone = join(this.folder, 'gone');
    mkdirSync(gone, { recursive: true });
    await this.config('dir', gone);
    rmSync(gone, { recursive: true });
    await this.config('save', '3600 1');
    await this.admin.bgsave();
  }

  private async clearDisk(): Promise<void> {
    await this.config('dir', this.folder);
    await this.config('save', '');
    await this.admin.bgsave();
  }
}
