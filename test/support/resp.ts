/** What a RESP2 server may answer. An error reply is an `Error` that is not thrown. */
export type RespReply = string | number | null | Error | RespReply[];

/** A command as Redis reads it: an array of bulk strings. */
export function encodeCommand(args: readonly (string | number | Uint8Array)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === 'object' ? Buffer.from(arg) : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** Reads one reply that begins at `at`. `null`: it is not complete yet. */
export function parseReply(bytes: Buffer, at = 0): { reply: RespReply; next: number } | null {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return null;
  const head = bytes.toString('utf8', at + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case '+':
      return { reply: head, next };
    case '-':
      return { reply: new Error(head), next };
    case ':':
      return { reply: Number(head), next };
    case '$':
      return parseBulk(bytes, Number(head), next);
    case '*':
      return parseArray(bytes, Number(head), next);
    default:
      throw new Error(`expected a RESP2 reply, got ${JSON.stringify(bytes.toString('latin1', at, at + 32))}`);
  }
}

function parseBulk(bytes: Buffer, length: number, at: number): { reply: RespReply; next: number } | null {
  if (length < 0) return { reply: null, next: at };
  if (bytes.length < at + length + 2) return null;
  return { reply: bytes.toString('utf8', at, at + length), next: at + length + 2 };
}

function parseArray(bytes: Buffer, length: number, at: number): { reply: RespReply; next: number } | null {
  if (length < 0) return { reply: null, next: at };
  const items: RespReply[] = [];
  let next = at;
  for (let index = 0; index < length; index++) {
    const item = parseReply(bytes, next);
    if (!item) return null;
    items.push(item.reply);
    next = item.next;
  }
  return { reply: items, next };
}
