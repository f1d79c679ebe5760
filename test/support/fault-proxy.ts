import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './redis-server.js';

interface Pair {
  readonly client: Socket;
  readonly server: Socket | null;
  /** The first commands that came over it. */
  opening: string;
}

const OPENING_CHARACTERS = 4_096;

/**
 * A TCP proxy on 127.0.0.1 in front of a server, which breaks the traffic in the ways networks and servers do. Faults
 * hold for all connections, new ones included, until {@link heal}, unless they say that they happen once.
 */
export class FaultProxy {
  private listener: Server | null = null;
  private readonly pairs = new Set<Pair>();
  private delayMs = 0;
  private lagging: { readonly ms: number; readonly over: RegExp } | null = null;
  private stalled: { readonly over: RegExp; readonly released: Promise<void>; release: () => void } | null = null;
  private isMute = false;
  private isOneWay = false;
  private isDeafening = false;
  private fatal: RegExp | null = null;
  /** What comes in place of the next piece of a reply, each part on its own. */
  private rewrite: ((piece: Buffer, client: Socket) => readonly Buffer[]) | null = null;
  /** How the reply begins that this is about. */
  private rewritten = '';
  /** A piece that is held back, and the way to pass it on. */
  private held: { readonly command: RegExp; passOn: () => void } | null = null;
  private connectionCount = 0;
  private recorded: Buffer[] | null = null;

  private constructor(
    readonly port: number,
    private targetPort: number,
  ) {}

  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(await freePort(), targetPort);
    await proxy.listen();
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Connections accepted since the start. */
  get accepted(): number {
    return this.connectionCount;
  }

  /** Keeps all that clients send from now on; the returned function answers it, one connection's pieces among another's. */
  record(): () => Buffer {
    const recorded: Buffer[] = (this.recorded = []);
    return () => Buffer.concat(recorded);
  }

  /** Accepts new connections again and passes everything on. Connections that a fault made useless are closed. */
  async heal(): Promise<void> {
    const wasBroken = this.isMute || this.isOneWay;
    this.delayMs = 0;
    this.lagging = null;
    this.stalled?.release();
    this.stalled = null;
    this.isMute = false;
    this.isOneWay = false;
    this.isDeafening = false;
    this.fatal = null;
    this.rewrite = null;
    if (wasBroken) this.resetAll();
    if (!this.listener) await this.listen();
  }

  /** Refuses new connections and resets the present ones. */
  async refuse(): Promise<void> {
    const { listener } = this;
    this.listener = null;
    const closed = new Promise<void>((resolve) => (listener ? listener.close(() => resolve()) : resolve()));
    this.resetAll();
    await closed;
  }

  /** Accepts and reads, but passes nothing on in either direction. */
  mute(): void {
    this.isMute = true;
  }

  /** Passes commands on, but no replies, and no end of the connection: a half-open one. */
  halfOpen(): void {
    this.isOneWay = true;
  }

  /** Closes a connection over which such a command comes; all else is passed on. */
  closeOn(command: RegExp): void {
    this.fatal = command;
  }

  /**
   * Once: such a command is held back, its connection is reset, and new ones are refused until {@link heal}. It reaches the
   * server when the returned function is called.
   */
  strand(command: RegExp): () => void {
    const held = { command, passOn: (): void => undefined };
    this.held = held;
    return () => held.passOn();
  }

  /** Holds every reply back for `ms` milliseconds, one after another. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** A long way: replies over connections whose first commands match come `ms` milliseconds later, however many they are. */
  lag(ms: number, over: RegExp): void {
    this.lagging = { ms, over };
  }

  /** Until {@link heal}, replies over connections whose first commands match are held back; then they come in their order. */
  stall(over: RegExp): void {
    this.stalled?.release();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    this.stalled = { over, released, release };
  }

  /** New connections go to another server from now on. */
  retarget(port: number): void {
    this.targetPort = port;
  }

  /** Resets all present connections (RST). */
  resetAll(): void {
    this.reset(/^/);
  }

  /** Resets the present connections whose first commands match. */
  reset(over: RegExp): void {
    for (const { client, opening } of this.pairs) if (over.test(opening)) client.resetAndDestroy();
  }

  /**
   * Until {@link heal}, who asks to be told of changes of keys is told of those of other keys: a channel that looks alive and
   * is deaf. Connections that are made already hear as before.
   */
  deafen(): void {
    this.isDeafening = true;
  }

  /** Once: passes `bytes` bytes of the next reply on, then closes the connection. `only`: of the next that begins so. */
  cutNextReply(bytes: number, only = ''): void {
    this.rewriteOnce((piece, client) => {
      process.nextTick(() => client.end());
      return [piece.subarray(0, bytes)];
    }, only);
  }

  /** Once: passes `bytes` bytes of the next reply on, then is silent for ever. `only`: of the next that begins so. */
  cutNextReplyAndHang(bytes: number, only = ''): void {
    this.rewriteOnce((piece) => {
      this.isOneWay = true;
      return [piece.subarray(0, bytes)];
    }, only);
  }

  /** Once: these bytes come in place of the next reply. `only`: of the next that begins so. */
  replaceNextReply(bytes: string, only = ''): void {
    this.rewriteOnce(() => [Buffer.from(bytes)], only);
  }

  /** Once: these bytes come a moment before the next reply. `only`: before the next that begins so. */
  insertBeforeNextReply(bytes: string, only = ''): void {
    this.rewriteOnce((piece) => [Buffer.from(bytes), piece], only);
  }

  /** Once: the next reply comes again a moment later. `only`: the next that begins so. */
  doubleNextReply(only = ''): void {
    this.rewriteOnce((piece) => [piece, piece], only);
  }

  /** Once: the next reply is lost, the connection stays. */
  loseNextReply(): void {
    this.rewriteOnce(() => []);
  }

  /** Sends bytes to all clients though nobody asked. */
  inject(bytes: string): void {
    for (const { client } of this.pairs) client.write(bytes);
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  private rewriteOnce(rewrite: (piece: Buffer, client: Socket) => readonly Buffer[], only = ''): void {
    this.rewrite = rewrite;
    this.rewritten = only;
  }

  private listen(): Promise<void> {
    const listener = createServer((client) => this.accept(client));
    this.listener = listener;
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.port, '127.0.0.1', () => resolve());
    });
  }

  private accept(client: Socket): void {
    this.connectionCount++;
    const server = this.isMute ? null : connect(this.targetPort, '127.0.0.1');
    const pair: Pair = { client, server, opening: '' };
    this.pairs.add(pair);
    let isStranded = false;
    client.setNoDelay(true);
    client.on('error', () => {});
    client.on('data', (piece) => {
      this.recorded?.push(piece);
      if (pair.opening.length < OPENING_CHARACTERS) pair.opening += piece.toString('latin1');
      if (this.fatal?.test(piece.toString('latin1'))) client.destroy();
      else if (this.held?.command.test(piece.toString('latin1'))) {
        const { held } = this;
        this.held = null;
        isStranded = true;
        held.passOn = () => server?.end(piece);
        void this.refuse();
      } else if (!this.isMute) server?.write(this.isDeafening ? askingForOthers(piece) : piece);
    });
    client.on('close', () => {
      this.pairs.delete(pair);
      if (!isStranded) server?.destroy();
    });
    server?.setNoDelay(true);
    server?.on('error', () => {});
    let replies = Promise.resolve();
    server?.on('data', (piece) => {
      const lagMs = this.lagging?.over.test(pair.opening) ? this.lagging.ms : 0;
      const dueAtMs = performance.now() + lagMs;
      replies = replies.then(() => this.reply(pair, piece, dueAtMs));
    });
    server?.on('close', () => {
      if (!this.isMute && !this.isOneWay) client.destroy();
    });
  }

  private async reply({ client, opening }: Pair, original: Buffer, dueAtMs: number): Promise<void> {
    while (this.stalled?.over.test(opening)) await this.stalled.released;
    if (this.isMute || this.isOneWay) return;
    const rewrite = original.toString('latin1').startsWith(this.rewritten) ? this.rewrite : null;
    if (rewrite) this.rewrite = null;
    const [first, ...others] = rewrite ? rewrite(original, client) : [original];
    const leftMs = Math.max(this.delayMs, dueAtMs - performance.now());
    if (leftMs > 0) await sleep(leftMs);
    if (first && client.writable) client.write(first);
    for (const piece of others) {
      await setImmediate();
      if (client.writable) client.write(piece);
    }
  }
}

/** The prefix of the keys that a client wants to be told of, by another one of the same length. */
function askingForOthers(piece: Buffer): Buffer {
  const text = piece.toString('latin1');
  const asked = text.replace(/(PREFIX\r\n\$\d+\r\n)([^\r]+)/i, (_, before: string, prefix: string) => {
    return before + '~'.repeat(prefix.length);
  });
  return Buffer.from(asked, 'latin1');
}
