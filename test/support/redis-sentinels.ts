import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRedisServer, freePort, RedisServer, sendCommand } from './redis-server.js';

const START_TIMEOUT_MS = 10_000;

/** A master, a replica of it and one sentinel that watches them and promotes the replica half a second after a loss. */
export class RedisSentinels {
  readonly name = 'main';
  private readonly folder = mkdtempSync(join(tmpdir(), 'agent-cache-sentinel-'));
  private sentinel: ChildProcess | null = null;

  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    private readonly port: number,
  ) {}

  static async start(): Promise<RedisSentinels> {
    // By default a master waits five seconds for more replicas before it sends its data.
    const master = await RedisServer.start({ args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    const sentinels = new RedisSentinels(master, replica, await freePort());
    await sentinels.until(async () => String(await replica.command('INFO', 'replication')).includes('link_status:up'));
    await sentinels.watch();
    return sentinels;
  }

  /** `host:port` of the sentinels. */
  get addresses(): string[] {
    return [`127.0.0.1:${this.port}`];
  }

  /** The sentinel keeps its connections and answers nothing. */
  pause(): void {
    this.sentinel?.kill('SIGSTOP');
  }

  /** From now on the sentinel asks those who connect for a password. */
  async protect(password: string): Promise<void> {
    await sendCommand(this.port, ['ACL', 'SETUSER', 'default', 'resetpass', `>${password}`]);
  }

  /** How many connections wait for news of a failover at the moment. */
  async listenerCount(): Promise<number> {
    const clients = await sendCommand(this.port, ['CLIENT', 'LIST']);
    return String(clients)
      .split('\n')
      .filter((line) => line.includes(' sub=1 ')).length;
  }

  async stop(): Promise<void> {
    this.sentinel?.kill('SIGKILL');
    await Promise.all([this.master.stop(), this.replica.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async watch(): Promise<void> {
    const file = join(this.folder, 'sentinel.conf');
    const { name, master, port } = this;
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${this.folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 1000`,
    ];
    writeFileSync(file, lines.join('\n'));
    this.sentinel = spawn(findRedisServer(), [file, '--sentinel'], { stdio: 'ignore' });
    await this.until(async () => {
      const replicas = await sendCommand(port, ['SENTINEL', 'REPLICAS', name]);
      return Array.isArray(replicas) && replicas.length === 1;
    });
  }

  private async until(condition: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + START_TIMEOUT_MS;
    while (!(await condition().catch(() => false))) {
      if (performance.now() > endMs) throw new Error('the sentinels did not come up');
      await sleep(20);
    }
  }
}
