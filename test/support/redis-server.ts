import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCommand, parseReply, type RespReply } from './resp.js';

export interface RedisServerOptions {
  /** More arguments, e.g. `['--requirepass', 'secret']`. */
  args?: readonly string[];
  /** Default: a free one. */
  port?: number;
}

const START_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 5_000;

/** A real Redis server of its own on 127.0.0.1, without persistence, in a temporary folder that goes with it. */
export class RedisServer {
  private child: ChildProcess | null = null;
  private exited: Promise<void> = Promise.resolve();
  private output = '';
  private readonly folder = mkdtempSync(join(tmpdir(), 'agent-cache-redis-'));

  private constructor(
    private readonly binary: string,
    private readonly args: readonly string[],
    private currentPort: number,
  ) {}

  /** Resolves when the server answers. The port is tried anew when someone else took it meanwhile. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(findRedisServer(), options.args ?? [], options.port ?? (await freePort()));
    for (let attempt = 1; ; attempt++) {
      try {
        await server.spawn();
        return server;
      } catch (error) {
        if (options.port !== undefined || attempt === 5 || !server.output.includes('already in use')) {
          await server.stop();
          throw error;
        }
        server.currentPort = await freePort();
      }
    }
  }

  get port(): number {
    return this.currentPort;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.currentPort}`;
  }

  /** Of the server's process; `undefined` while it is not running. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Ends the server and removes its folder. May be called twice. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The server keeps its connections and answers nothing (SIGSTOP). */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Goes on after {@link pause} (SIGCONT). */
  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends the server at once (SIGKILL), as a crash does. Its data are lost. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  /** Kills the server where it still runs and starts an empty one on the same port. */
  async restart(): Promise<void> {
    await this.kill();
    await this.spawn();
  }

  /** Sends one command over a connection of its own; rejects with the server's error reply. */
  async command(...args: (string | number | Uint8Array)[]): Promise<RespReply> {
    const reply = await sendCommand(this.currentPort, args);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  private async spawn(): Promise<void> {
    const fixed = ['--port', String(this.currentPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(this.binary, [...fixed, '--dir', this.folder, '--loglevel', 'warning', ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.output = '';
    const collect = (chunk: Buffer) => void (this.output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.output += error.message;
        resolve();
      });
      child.once('close', () => resolve());
    });
    void this.exited.then(() => {
      if (this.child === child) this.child = null;
    });
    await this.untilItAnswers();
  }

  private async untilItAnswers(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (this.child && performance.now() < deadline) {
      const answered = await sendCommand(this.currentPort, ['PING']).then(
        () => true,
        () => false,
      );
      if (answered) return;
      await sleep(10);
    }
    throw new Error(`redis-server did not come up on port ${this.currentPort}: ${this.output || 'no output'}`);
  }
}

/** Path of `redis-server` or `valkey-server`: `REDIS_SERVER_BIN`, else the first on the PATH. */
export function findRedisServer(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const binary = process.env.REDIS_SERVER_BIN ?? found.find(isExecutable);
  if (binary) return binary;
  throw new Error('These tests need redis-server or valkey-server: install one, or set REDIS_SERVER_BIN to its path.');
}

/**
 * A port on which nobody listens at the moment. Taken from below the ports that the system gives to outgoing connections, so
 * that none of those can hold it, or meet itself, while a server is away; nor the port that a node of a cluster takes for
 * its bus, 10,000 above its own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 2_700);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Sends one command over a connection of its own. Resolves with an `Error` for an error reply. */
export function sendCommand(port: number, args: readonly (string | number | Uint8Array)[]): Promise<RespReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(encodeCommand(args)));
    let received = Buffer.alloc(0);
    socket.setTimeout(COMMAND_TIMEOUT_MS, () => socket.destroy(new Error('the server did not answer')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed before the reply')));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const parsed = parseReply(received);
      if (!parsed) return;
      resolve(parsed.reply);
      socket.destroy();
    });
  });
}
