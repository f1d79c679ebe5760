import { readFileSync } from 'node:fs';

/** Whose rights a line of the page gives. */
export type AclLine = 'cache' | 'replicas' | 'database' | 'cluster' | 'sentinel';

const PAGE = 'docs/concepts/redis-access.md';

/** What a line of `docs/concepts/redis-access.md` gives its user besides a name and a password. */
export function rightsIn(line: AclLine): string[] {
  const [, text] =
    new RegExp(`<!-- acl: ${line} -->\n\`\`\`\nACL SETUSER (.+)\n\`\`\``).exec(readFileSync(PAGE, 'utf8')) ?? [];
  if (!text) throw new Error(`${PAGE} has no line that gives rights for: ${line}`);
  const given = text.split(' ').slice(1);
  return given.filter((rule) => !['reset', 'on', '>SECRET'].includes(rule));
}

/** The arguments of `ACL SETUSER` for a user who has these rights and no others, under another prefix. */
export const userWith = (
  name: string,
  password: string,
  rights: readonly string[],
  prefix = 'agent-cache',
): string[] => [
  ...['ACL', 'SETUSER', name, 'reset', 'on', `>${password}`],
  ...rights.map((right) => right.replace('~agent-cache:', `~${prefix}:`)),
];

export interface Denial {
  readonly user: string;
  /** `command`, `key`, `channel` or `auth`. */
  readonly kind: string;
  readonly what: string;
}

/** What `ACL LOG` has answered. */
export function denialsIn(reply: unknown): Denial[] {
  return (reply as unknown[][]).map((entry) => {
    const field = (name: string): string => String(entry[entry.findIndex((part) => String(part) === name) + 1]);
    return { user: field('username'), kind: field('reason'), what: field('object') };
  });
}
