import type { EventSink } from '../../../core/events.js';

/** More than the cache needs rights. */
const MAX_RIGHTS = 64;
const COMMAND = /run the '([a-z]+(?:[|-][a-z]+)*)' command/i;

/**
 * What servers refuse to the user of the cache (ACL), said once per right: whatever needs a right that is missing is refused
 * with every call.
 */
export class AccessRefusals {
  private readonly said = new Set<string>();

  constructor(private readonly events: EventSink) {}

  /** To be given whatever failed; most of it is no refusal. */
  observe(error: unknown): void {
    const { message } = Object(error) as { readonly message?: unknown };
    const right = typeof message === 'string' ? deniedRightOf(message) : null;
    if (right === null || this.said.has(right) || this.said.size >= MAX_RIGHTS) return;
    this.said.add(right);
    this.events.emit('denied', { right });
  }
}

/** The right that is missing where a server answers with `message`; `null`: it is no refusal. Never holds a name of a user. */
export function deniedRightOf(message: string): string | null {
  const isOfScript = /The user executing the script|ACL failure in script/.test(message);
  // In what the library says of sentinels, the words of the last one stand at the end.
  if (!/\bNOPERM /.test(message) && !isOfScript) return null;
  const [, command] = COMMAND.exec(message) ?? [];
  if (command !== undefined) return `+${command.toLowerCase()}`;
  if (/channel/.test(message)) return 'channels';
  return /\bkeys?\b/.test(message) ? 'keys' : 'scripts';
}
