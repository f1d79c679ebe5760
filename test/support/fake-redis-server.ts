import { createServer, type Server, type Socket } from 'node:net';
import { freePort } from './redis-server.js';
import { parseReply } from './resp.js';

/** Answers one command in RESP, e.g. `+OK\r\n`; `undefined`: as a small healthy server would. */
export type Script = (command: readonly string[], count: number) => string | undefined;

/** A server that speaks just enough RESP2 to be connected to, and answers what a test says. Keeps no data. */
export class FakeRedisServer {
  /** Commands that arrived after the handshake, in order. */
  readonly commands: string[][] = [];
  private readonly sockets = new Set<Socket>();
  private readonly counts = new Map<string, number>();

  private constructor(
    readonly port: number,
    private readonly server: Server,
    private script: Script,
  ) {}

  static async start(script: Script = () => undefined): Promise<FakeRedisServer> {
    const server = createServer();
    const fake = new FakeRedisServer(await freePort(), server, script);
    server.on('connection', (socket) => fake.accept(socket));
    await new Promise<void>((resolve) => server.listen(fake.port, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  answer(script: Script): void {
    this.script = script;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
      for (let parsed = parseReply(received); parsed; parsed = parseReply(received)) {
        received = received.subarray(parsed.next);
        socket.write(this.replyTo((parsed.reply as string[]).map(String)));
      }
    });
  }

  private replyTo(command: readonly string[]): string {
    const name = (command[0] ?? '').toUpperCase();
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    const isHandshake = ['HELLO', 'CLIENT', 'INFO', 'SELECT', 'AUTH', 'ECHO'].includes(name);
    if (!isHandshake) this.commands.push([...command]);
    return this.script([name, ...command.slice(1)], count) ?? healthyReply(name, command);
  }
}

function healthyReply(name: string, command: readonly string[]): string {
  switch (name) {
    case 'HELLO':
      return '-NOPROTO unsupported protocol version\r\n';
    case 'INFO':
      return bulk('redis_version:7.0.0\r\nloading:0\r\n');
    case 'ECHO':
      return bulk(command[1] ?? '');
    case 'PING':
      return '+PONG\r\n';
    case 'GET':
      return '$-1\r\n';
    default:
      return '+OK\r\n';
  }
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
