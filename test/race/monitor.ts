import { connect, type Socket } from 'node:net';
import { until } from '../support/redis-kit.js';
import type { RedisServer } from '../support/redis-server.js';

/** By which the cache finds out whether it hears of changes, and answers in order; comes whatever is called. */
const IN_THE_BACKGROUND = /:~c:|order-check/;
const END = /"ECHO" "end of the watch"/;

/** Sees every command that reaches a server. */
export class Monitor {
  private text = '';

  private constructor(
    private readonly socket: Socket,
    private readonly server: RedisServer,
  ) {
    socket.on('data', (piece) => void (this.text += piece.toString('latin1')));
    socket.on('error', () => undefined);
  }

  /** Resolves when it sees. */
  static async start(server: RedisServer): Promise<Monitor> {
    const monitor = new Monitor(connect(server.port, '127.0.0.1'), server);
    monitor.socket.write('MONITOR\r\n');
    await until(() => monitor.text.startsWith('+OK'));
    return monitor;
  }

  /** Commands of all clients since the start, without those and what scripts call. */
  async stop(): Promise<string[]> {
    await this.server.command('ECHO', 'end of the watch');
    await until(() => END.test(this.text));
    this.socket.destroy();
    const lines = this.text.split('\r\n').slice(1, -1);
    return lines.filter((line) => !IN_THE_BACKGROUND.test(line) && !END.test(line) && !line.includes(' lua] '));
  }
}
