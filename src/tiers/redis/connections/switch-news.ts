import type { Redis } from 'ioredis';

type MessageListener = (channel: string, message: string) => void;

/** A connection to the master, as far as there is one. */
export type MasterStream = Pick<Redis['stream'], 'remoteAddress' | 'remotePort' | 'destroyed'>;

/**
 * Whether `message`, with which a sentinel tells of a failover, is a reason to leave a connection: `<name> <old host>
 * <old port> <new host> <new port>`. Each sentinel tells of each failover when it hears of it itself, most of them when
 * clients are connected to the new master already; and each tells of all masters that it watches.
 */
export function isNewsTo(stream: MasterStream | undefined, name: string, message: string): boolean {
  const [whose, , , host, port] = message.split(' ');
  if (whose !== name) return false;
  return !stream || stream.destroyed || stream.remoteAddress !== host || String(stream.remotePort) !== port;
}

/** Lets those who listen to a sentinel hear only the messages that `isNews`. */
export function hearNewsOnly(sentinel: Redis, isNews: (message: string) => boolean): Redis {
  const on = sentinel.on.bind(sentinel) as (event: string, listener: (...args: never[]) => void) => Redis;
  const onNews = (listener: MessageListener): MessageListener => {
    return (channel, message) => {
      if (isNews(message)) listener(channel, message);
    };
  };
  sentinel.on = ((event: string, listener: MessageListener) =>
    on(event, event === 'message' ? onNews(listener) : listener)) as Redis['on'];
  return sentinel;
}
