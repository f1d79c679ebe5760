import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateAuthority, CertificateFiles } from './certificates.js';
import { CLUSTER_ARGS } from './redis-cluster.js';
import { until } from './redis-kit.js';
import { findRedisServer, freePort, RedisServer, sendCommand } from './redis-server.js';

const WITHIN_MS = 15_000;
const SLOTS = 16_384;

/** Who a server is and whom it trusts. */
interface Identity {
  readonly authority: CertificateAuthority;
  readonly certificate: CertificateFiles;
}

function tlsArgs(port: number, { authority, certificate }: Identity): string[] {
  return [
    ...['--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', authority.certFile],
    ...['--tls-cert-file', certificate.certFile, '--tls-key-file', certificate.keyFile],
  ];
}

/** Says so loudly where the server cannot speak TLS: a test that is left out shows nothing. */
async function startWithTls(args: readonly string[]): Promise<RedisServer> {
  try {
    return await RedisServer.start({ args });
  } catch (error) {
    throw new Error(
      `These tests need a redis-server that speaks TLS, which is built with BUILD_TLS=yes: ${String(error)}`,
    );
  }
}

/** A real server that speaks TLS at a port of its own, and none at {@link TlsRedis.server}, for the tests themselves. */
export class TlsRedis {
  private constructor(
    readonly server: RedisServer,
    readonly port: number,
  ) {}

  static async start(identity: Identity, args: readonly string[] = []): Promise<TlsRedis> {
    const port = await freePort();
    return new TlsRedis(await startWithTls([...tlsArgs(port, identity), ...args]), port);
  }

  get url(): string {
    return `rediss://127.0.0.1:${this.port}`;
  }

  /** From now on new connections are shown this certificate. */
  async present({ certFile, keyFile }: CertificateFiles): Promise<void> {
    await this.server.command('CONFIG', 'SET', 'tls-cert-file', certFile, 'tls-key-file', keyFile);
  }

  /** Whether clients must show a certificate. */
  async askClients(isOn: boolean): Promise<void> {
    await this.server.command('CONFIG', 'SET', 'tls-auth-clients', isOn ? 'yes' : 'no');
  }

  /** Ends all connections but those of tests. */
  async dropClients(): Promise<void> {
    await this.server.command('CLIENT', 'KILL', 'SKIPME', 'yes');
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

/** Two masters that speak TLS, to each other too. */
export class TlsCluster {
  private constructor(readonly masters: readonly TlsRedis[]) {}

  static async start(identity: Identity): Promise<TlsCluster> {
    const args = [...CLUSTER_ARGS, '--tls-cluster', 'yes', '--tls-replication', 'yes'];
    const masters = await Promise.all([TlsRedis.start(identity, args), TlsRedis.start(identity, args)]);
    const [first, second] = masters;
    await first.server.command('CLUSTER', 'ADDSLOTSRANGE', 0, SLOTS / 2 - 1);
    await second.server.command('CLUSTER', 'ADDSLOTSRANGE', SLOTS / 2, SLOTS - 1);
    await second.server.command('CLUSTER', 'SET-CONFIG-EPOCH', 2);
    await first.server.command('CLUSTER', 'MEET', '127.0.0.1', second.port);
    await until(async () => {
      const infos = await Promise.all(masters.map(({ server }) => server.command('CLUSTER', 'INFO')));
      return infos.every((info) => /cluster_state:ok[^]*cluster_size:2/.test(String(info)));
    }, WITHIN_MS);
    return new TlsCluster(masters);
  }

  get nodes(): string[] {
    return this.masters.map(({ port }) => `127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.masters.map((master) => master.stop()));
  }
}

/** A master and one sentinel, both of which speak TLS. */
export class TlsSentinel {
  readonly name = 'main';
  private readonly folder = mkdtempSync(join(tmpdir(), 'agent-cache-tls-sentinel-'));
  private process: ChildProcess | null = null;

  private constructor(
    readonly master: TlsRedis,
    private readonly port: number,
    private readonly plainPort: number,
  ) {}

  static async start(identity: Identity): Promise<TlsSentinel> {
    const master = await TlsRedis.start(identity, ['--tls-replication', 'yes']);
    const sentinel = new TlsSentinel(master, await freePort(), await freePort());
    await sentinel.watch(identity);
    return sentinel;
  }

  get addresses(): string[] {
    return [`127.0.0.1:${this.port}`];
  }

  async stop(): Promise<void> {
    this.process?.kill('SIGKILL');
    await this.master.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async watch(identity: Identity): Promise<void> {
    const file = join(this.folder, 'sentinel.conf');
    const args = tlsArgs(this.port, identity);
    const settings = args.filter((_, at) => at % 2 === 0).map((name, at) => `${name.slice(2)} ${args[at * 2 + 1]}`);
    const monitored = `sentinel monitor ${this.name} 127.0.0.1 ${this.master.port} 1`;
    const lines = [`port ${this.plainPort}`, 'bind 127.0.0.1', 'tls-replication yes', ...settings, monitored];
    writeFileSync(file, lines.join('\n'));
    this.process = spawn(findRedisServer(), [file, '--sentinel'], { stdio: 'ignore' });
    await until(() => this.knowsMaster(), WITHIN_MS);
  }

  private async knowsMaster(): Promise<boolean> {
    const flags = await sendCommand(this.plainPort, ['SENTINEL', 'MASTER', this.name]).catch(() => []);
    return Array.isArray(flags) && flags.some((flag) => String(flag) === 'master');
  }
}
