/** A member of a List of RFC 8941 that is a Token with parameters: what `Cache-Status` consists of. */
export interface Member {
  readonly token: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y;
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const INTEGER = /-?\d{1,15}/y;
const STRING = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const COMMA = /[ \t]*,[ \t]*/y;
const SEMICOLON = /; */y;

/** Parses strictly by the grammar; throws where the text leaves it. */
export function parseMembers(text: string): Member[] {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const need = (pattern: RegExp): string => {
    const match = take(pattern);
    if (!match) throw new Error(`not a structured field at ${at}: ${text}`);
    return match[0];
  };
  const valueOf = (): string | number => {
    const quoted = take(STRING);
    if (quoted) return (quoted[1] as string).replace(/\\(["\\])/g, '$1');
    const integer = take(INTEGER);
    return integer ? Number(integer[0]) : need(TOKEN);
  };
  const member = (): Member => {
    const token = need(TOKEN);
    const parameters: Record<string, string | number | boolean> = {};
    while (take(SEMICOLON)) parameters[need(KEY)] = take(/=/y) ? valueOf() : true;
    return { token, parameters };
  };
  const members = [member()];
  while (take(COMMA)) members.push(member());
  if (at !== text.length) throw new Error(`not a structured field at ${at}: ${text}`);
  return members;
}
