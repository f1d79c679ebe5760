import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRedisServer, freePort, RedisServer, sendCommand } from './redis-server.js';

/** Sentinels that did not agree, or that found no replica to promote, begin anew after some five seconds. */
const TIMEOUT_MS = 15_000;
/** Where they cannot be hurried, sentinels wait some ten seconds before they make a master that is back a replica. */
const DEMOTION_TIMEOUT_MS = 25_000;
/**
 * How often sentinels tell and ask each other, and ask servers, in milliseconds: several times as often as by default. Of
 * a new master they lose the connection, and connect once in a period of pings: were that near the time after which they
 * take it for lost, they would go back to the old one at once. A server that was promoted they make a replica again after
 * four periods of telling, if nobody has told them.
 */
const HURRY = ['PUBLISH-PERIOD', '500', 'INFO-PERIOD', '200', 'ASK-PERIOD', '100', 'PING-PERIOD', '200'];
// By default a master waits five seconds for more replicas before it sends its data.
const SERVER_ARGS = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];

interface Sentinel {
  readonly port: number;
  readonly process: ChildProcess;
}

/** A master, a replica of it and sentinels that watch them and promote the replica a second after a loss. */
export class RedisSentinels {
  readonly name = 'main';
  private readonly folder = mkdtempSync(join(tmpdir(), 'agent-cache-sentinel-'));
  private readonly sentinels: Sentinel[] = [];

  private constructor(
    /** The one that was the master at the start. */
    readonly master: RedisServer,
    /** The one that was its replica. */
    readonly replica: RedisServer,
  ) {}

  /** `count`: of sentinels, of which most must agree. */
  static async start(count = 1): Promise<RedisSentinels> {
    const master = await RedisServer.start({ args: SERVER_ARGS });
    const args = [...SERVER_ARGS, '--replicaof', '127.0.0.1', String(master.port)];
    const sentinels = new RedisSentinels(master, await RedisServer.start({ args }));
    await sentinels.untilReplicated();
    await sentinels.watch(count);
    return sentinels;
  }

  /** `host:port` of the sentinels. */
  get addresses(): string[] {
    return this.sentinels.map(({ port }) => `127.0.0.1:${port}`);
  }

  /** The sentinel keeps its connections and answers nothing. */
  pause(index = 0): void {
    this.sentinels[index]?.process.kill('SIGSTOP');
  }

  /** Goes on after {@link pause}. */
  resume(index = 0): void {
    this.sentinels[index]?.process.kill('SIGCONT');
  }

  /** Ends one of the sentinels at once. */
  kill(index = 0): void {
    this.sentinels[index]?.process.kill('SIGKILL');
  }

  /** From now on the sentinel asks those who connect for a password. */
  async protect(password: string): Promise<void> {
    await this.ask(['ACL', 'SETUSER', 'default', 'resetpass', `>${password}`]);
  }

  /** How many connections wait for news of a failover at the moment. */
  async listenerCount(): Promise<number> {
    const clients = await this.ask(['CLIENT', 'LIST']);
    return String(clients)
      .split('\n')
      .filter((line) => line.includes(' sub=1 ')).length;
  }

  /** The server that the sentinel at `index` names. */
  async current(index = 0): Promise<RedisServer> {
    const address = (await this.ask(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name], index)) as unknown[];
    return Number(String(address[1])) === this.replica.port ? this.replica : this.master;
  }

  /** Has the replica promoted though nothing is wrong, as for maintenance. */
  async failOver(): Promise<void> {
    await this.until('no failover began', async () => {
      const answer = await this.ask(['SENTINEL', 'FAILOVER', this.name]);
      return String(answer) === 'OK';
    });
  }

  /** Resolves when every sentinel of `indexes` (default: all) names another server than `lost`. */
  async untilFailedOver(lost: RedisServer, indexes = [...this.sentinels.keys()]): Promise<void> {
    await this.until('nobody took over', async () => {
      const named = await Promise.all(indexes.map((index) => this.current(index)));
      return named.every((server) => server !== lost);
    });
  }

  /** Lets both servers go on, or starts them again; resolves when one follows the other. */
  async restore(): Promise<void> {
    for (const server of [this.master, this.replica]) {
      server.resume();
      if (server.pid === undefined) await server.restart();
    }
    await this.untilReplicated();
  }

  /** Resolves when one of the two follows the other and has all that it has, and the sentinels know. */
  async untilReplicated(): Promise<void> {
    const isFollowing = async (server: RedisServer): Promise<boolean> =>
      /role:slave[^]*master_link_status:up/.test(String(await server.command('INFO', 'replication')));
    await this.until(
      'the replica did not catch up',
      async () => {
        const following = await Promise.all([isFollowing(this.master), isFollowing(this.replica)]);
        return following.filter(Boolean).length === 1;
      },
      DEMOTION_TIMEOUT_MS,
    );
    await this.until('the sentinels did not see the replica catch up', async () => {
      const indexes = [...this.sentinels.keys()].filter((index) => this.sentinels[index]?.process.signalCode === null);
      const ready = await Promise.all(indexes.map((index) => this.seesBoth(index)));
      return ready.every(Boolean);
    });
  }

  async stop(): Promise<void> {
    for (const index of this.sentinels.keys()) this.kill(index);
    await Promise.all([this.master.stop(), this.replica.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async watch(count: number): Promise<void> {
    for (let index = 0; index < count; index++) this.sentinels.push(await this.startSentinel(index, count));
    await Promise.all([...this.sentinels.keys()].map((index) => this.hurry(index)));
    await this.until('the sentinels did not come up', async () => {
      const known = await Promise.all([...this.sentinels.keys()].map((index) => this.knownTo(index)));
      return known.every(({ replicas, others }) => replicas === 1 && others === count - 1);
    });
  }

  private async startSentinel(index: number, count: number): Promise<Sentinel> {
    const folder = join(this.folder, String(index));
    mkdirSync(folder);
    const file = join(folder, 'sentinel.conf');
    const { name, master } = this;
    const port = await freePort();
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${master.port} ${Math.floor(count / 2) + 1}`,
      `sentinel down-after-milliseconds ${name} 1000`,
      // They begin anew, later, where it takes longer than this.
      `sentinel failover-timeout ${name} 2000`,
    ];
    writeFileSync(file, lines.join('\n'));
    return { port, process: spawn(findRedisServer(), [file, '--sentinel'], { stdio: 'ignore' }) };
  }

  /** Servers before Redis 7 do not know the command. */
  private async hurry(index: number): Promise<void> {
    await this.until('a sentinel did not answer', async () => {
      await this.ask(['SENTINEL', 'DEBUG', ...HURRY], index);
      return true;
    });
  }

  private async knownTo(index: number): Promise<{ replicas: number; others: number }> {
    const [replicas, others] = await Promise.all([
      this.ask(['SENTINEL', 'REPLICAS', this.name], index),
      this.ask(['SENTINEL', 'SENTINELS', this.name], index),
    ]);
    const lengthOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0);
    return { replicas: lengthOf(replicas), others: lengthOf(others) };
  }

  /** Whether a sentinel holds neither for lost, and could promote the one that follows. */
  private async seesBoth(index: number): Promise<boolean> {
    const [master, replicas] = await Promise.all([
      this.ask(['SENTINEL', 'MASTER', this.name], index),
      this.ask(['SENTINEL', 'REPLICAS', this.name], index),
    ]);
    const replica =
      Array.isArray(replicas) && replicas.length === 1 ? fieldsOf(replicas[0]) : new Map<string, string>();
    return (
      fieldsOf(master).get('flags') === 'master' &&
      replica.get('flags') === 'slave' &&
      replica.get('master-link-status') === 'ok'
    );
  }

  private ask(command: readonly string[], index = 0): ReturnType<typeof sendCommand> {
    return sendCommand(this.sentinels[index]?.port ?? 0, command);
  }

  private async until(complaint: string, condition: () => Promise<boolean>, withinMs = TIMEOUT_MS): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (!(await condition().catch(() => false))) {
      if (performance.now() > endMs) throw new Error(`${complaint} within ${withinMs} ms`);
      await sleep(20);
    }
  }
}

/** What sentinels tell of a server: names and values by turns. */
function fieldsOf(told: unknown): Map<string, string> {
  const list = Array.isArray(told) ? told.map(String) : [];
  return new Map(list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? '']] : [])));
}
