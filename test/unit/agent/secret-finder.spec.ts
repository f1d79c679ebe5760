import { describe, expect, it } from '@jest/globals';
import { SecretFinder } from '../../../src/agent/secrets/secret-finder.js';

const finder = new SecretFinder();
// Put together here, so that no file holds the whole of one.
const letters = (count: number): string => 'aB3dE5gH7j'.repeat(10).slice(0, count);
const capitals = (count: number): string => 'AB3DE5GH7J'.repeat(10).slice(0, count);

describe('SecretFinder', () => {
  it.each<[string, string]>([
    ['a PEM key', '-----BEGIN RSA ' + 'PRIVATE KEY-----\nMIIE'],
    ['an OpenSSH key', '-----BEGIN OPENSSH ' + 'PRIVATE KEY-----'],
    ['a bearer token', `Bearer ${letters(24)}`],
    ['a header', `authorization: Basic ${letters(16)}`],
    ['an AWS key id', `AKIA${capitals(16)}`],
    ['a temporary AWS key id', `ASIA${capitals(16)}`],
    ['an AWS secret', `aws_secret_access_key = ${letters(40)}`],
    ['a GitHub token', `ghp_${letters(36)}`],
    ['a GitHub app token', `gho_${letters(36)}`],
    ['a fine-grained GitHub token', `github_pat_${letters(40)}`],
    ['a GitLab token', `glpat-${letters(20)}`],
    ['a Slack token', `xoxb-${letters(24)}`],
    ['a Google key', `AIza${letters(35)}`],
    ['a Google access token', `ya29.${letters(40)}`],
    ['an OpenAI key', `sk-${letters(48)}`],
    ['an OpenAI project key', `sk-proj-${letters(48)}`],
    ['an Anthropic key', `sk-ant-api03-${letters(48)}`],
    ['a Stripe key', `sk_live_${letters(24)}`],
    ['a JSON Web Token', `eyJ${letters(20)}.eyJ${letters(20)}.${letters(20)}`],
    ['a URL with a password', 'postgres://app:pass1234@db.internal/x'],
    ['a URL without a name', 'redis://:pass1234@cache'],
    ['an npm token', `npm_${letters(36)}`],
    ['a parameter of a URL', `https://api.example/x?access_token=${letters(20)}`],
    ['a line of an environment file', 'PORT=80\nDB_PASSWORD=correcthorse\n'],
    ['a field in JSON text', '{"user":"a","api_key":"abc"}'],
    ['a field in JSON text within JSON text', '{"body":"{\\"password\\":\\"abc\\"}"}'],
  ])('finds %s within a text, a field, an item, a Map, a Set, bytes and an error of JSON', (_name, secret) => {
    const text = `before ${secret} after`;
    for (const value of [text, { a: [text] }, new Map([['a', text]]), new Set([text]), Buffer.from(text)]) {
      expect(finder.isIn(value)).toBe(true);
    }
    expect(finder.isIn({ toJSON: () => text })).toBe(true);
    // In a text that a stream has cut anywhere in the middle of it.
    const middle = 'before '.length + Math.floor(secret.length / 2);
    expect(finder.isInPieces([{ delta: text.slice(0, middle) }, { delta: text.slice(middle) }])).toBe(true);
    expect(finder.isInPieces([Buffer.from(text.slice(0, middle)), Buffer.from(text.slice(middle))])).toBe(true);
  });

  it.each([
    ...['password', 'PASSWD', 'secret', 'token', 'apiKey', 'api_key', 'x-api-key', 'Authorization', 'cookie'],
    ...['set-cookie', 'private_key', 'clientSecret', 'access_token', 'refreshToken', 'session-token'],
  ])('finds a text in a field %s', (field) => {
    expect(finder.isIn({ deep: [{ [field]: 'hunter2' }] })).toBe(true);
    expect(finder.isIn(new Map([[field, ['hunter2']]]))).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a number of tokens', { token: 12, tokens: 300, max_tokens: 4_096, usage: { total_tokens: 3 } }],
    ['an empty field, and one without a value', { password: '', token: null, secret: undefined, cookie: ' ' }],
    [
      'what was taken out',
      { password: '***', token: '[REDACTED]', url: 'redis://:***@cache', secret: '<your secret>' },
    ],
    [
      'a name that is more than the word',
      { nextPageToken: 'abc', tokenizer: 'bpe', secretary: 'Ada', passwordless: 'yes' },
    ],
    ['words that begin alike', 'risk-based task-management-for-everybody, the desk-top, npm_config, "sk-" and eyJ'],
    ['a URL with a port', 'http://localhost:3000/a@b and user@example.com: hello'],
    ['a password of an example', 'redis://:password@host and postgres://user:pass@db'],
    ['a text on tokens', 'Bearer authentication uses an access token; PASSWORD= is empty; TOKEN=${TOKEN}'],
    ['a digest and an id', { sha256: '9f86d081884c7d659a2feaa0c55ad015', id: '8a6e0804-2bd0-4672-b79d-d97027f9071a' }],
    ['vectors', [Float32Array.from([1, 2]), [0.1, 0.2]]],
  ])('leaves %s alone', (_name, value) => {
    expect(finder.isIn(value)).toBe(false);
  });

  it('takes further fields and patterns, and lets known fields go', () => {
    const own = new SecretFinder({ fields: ['Badge-Number'], allowFields: ['TOKEN'], patterns: [/acme-\d{4}/gy] });
    expect(own.isIn({ badge_number: 'x' })).toBe(true);
    expect(own.isIn({ token: 'word' })).toBe(false);
    // Again and again, and not at the beginning: neither `g` nor `y` holds.
    for (let round = 0; round < 3; round++) expect(own.isIn('see acme-1234')).toBe(true);
    expect(own.isIn({ password: 'x' })).toBe(true);
  });

  it('ends on cycles, on what cannot be read and on what is nested without end', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle, { cycle });
    expect(finder.isIn(cycle)).toBe(false);
    const hostile = {
      get password(): string {
        throw new Error('no');
      },
    };
    expect(finder.isIn(hostile)).toBe(false);
    const nested = Array.from({ length: 5_000 }).reduce<unknown>((inner) => [inner], 'x');
    expect(finder.isIn(nested)).toBe(true);
  });

  it.each(['eyJ-', '://a:', 'Bearer ', 'sk-', 'a"', '-----BEGIN ', 'x=', '"a":', 'ghp_', 'SECRET='])(
    'reads a text of many times %j in a time that grows with its length',
    (piece) => {
      const timeOf = (count: number): number => {
        const startedAt = performance.now();
        finder.isIn(piece.repeat(count));
        return performance.now() - startedAt;
      };
      timeOf(1_000);
      expect(timeOf(100_000)).toBeLessThan(500);
    },
  );
});
