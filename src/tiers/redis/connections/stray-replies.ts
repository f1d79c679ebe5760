import type { Redis } from 'ioredis';
import { destroyStream } from '../clients/redis-client.js';

/** What of a client the types of the library do not tell. */
interface Inside {
  commandQueue?: { readonly length: number; shift: () => unknown };
  /** Makes a queue for each connection, before the first reply. */
  resetCommandQueue?: () => void;
}

const ignore = (): void => undefined;

/** What the library may do with the command that a reply belongs to, where there is none. */
const NO_COMMAND = Object.freeze({
  command: Object.freeze({ name: 'none', args: [], resolve: ignore, reject: ignore }),
});

/**
 * Ends the connection of a client when a reply comes for which there is no command. The library would report it with the
 * reply as text, and a reply that is null has none: it would throw where nobody can catch it, which ends the process.
 * `client` must not have begun to connect.
 */
export function endAtStrayReplies(client: Redis): void {
  const inside = client as unknown as Inside;
  const reset = inside.resetCommandQueue?.bind(client);
  if (!reset) return;
  inside.resetCommandQueue = () => {
    reset();
    const queue = inside.commandQueue;
    const shift = queue?.shift.bind(queue);
    if (!queue || !shift) return;
    queue.shift = () => shift() ?? strayFor(client);
  };
}

/** The queue is also emptied when a connection ends, which is over when nothing is left. */
function strayFor(client: Redis): typeof NO_COMMAND | undefined {
  if (client.stream?.destroyed ?? true) return undefined;
  destroyStream(client);
  return NO_COMMAND;
}

/** How an array begins whose first element is null. What a server tells begins with a word. */
const NULL_FIRST = /\*\d+\r\n(?:_|\$-1|\*-1)\r\n/;

/**
 * Ends the connection of a client that listens when an answer comes to what it has not asked, such as an array of nothing
 * but nulls. The library takes the first element for the name of a message, and throws where nobody can catch it.
 */
export function endAtNamelessMessages({ stream }: Redis): void {
  const emit = stream.emit.bind(stream);
  stream.emit = (name: string | symbol, ...details: unknown[]) => {
    const [piece] = details;
    if (name !== 'data' || !Buffer.isBuffer(piece) || !NULL_FIRST.test(piece.toString('latin1'))) {
      return emit(name, ...details);
    }
    stream.destroy();
    return true;
  };
}
