import { describe, expect, it } from '@jest/globals';
import { AuditLines } from '../../../src/nest/http/admin/audit.js';

describe('AuditLines', () => {
  let now = 0;
  const refused = { action: 'invalidate', outcome: 'refused', form: null } as const;
  const done = { action: 'invalidate', outcome: 'done', form: 'tag', acknowledged: true } as const;

  function start() {
    now = 0;
    const lines: string[] = [];
    const sink = {
      log: (line: string) => lines.push(`log ${line}`),
      warn: (line: string) => lines.push(`warn ${line}`),
    };
    return { lines, audit: new AuditLines(sink, () => now) };
  }

  it('has a line for each use that was done, however many others there are', () => {
    const { lines, audit } = start();
    for (let index = 0; index < 100; index++) audit.write(refused);
    for (let index = 0; index < 20; index++) audit.write(done);
    expect(lines.filter((line) => line === 'log invalidate by tag: done, acknowledged')).toHaveLength(20);
  });

  it('has ten lines a minute for what came to nothing, and says then how many more there were', () => {
    const { lines, audit } = start();
    for (let index = 0; index < 1_000; index++) audit.write(refused);
    expect(lines).toEqual(Array.from({ length: 10 }, () => 'warn invalidate: refused'));
    now = 60_000;
    audit.write({ action: 'explain', outcome: 'throttled', form: null });
    expect(lines.slice(10)).toEqual([
      'warn 990 more uses came to nothing and have no line of their own',
      'warn explain: throttled',
    ]);
    now = 120_000;
    audit.write(refused);
    expect(lines).toHaveLength(13);
  });

  it('would be caught if the bound did not outlive a request', () => {
    const { lines } = start();
    const sink = { log: () => undefined, warn: (line: string) => void lines.push(line) };
    for (let index = 0; index < 1_000; index++) new AuditLines(sink, () => now).write(refused);
    expect(lines).toHaveLength(1_000);
  });
});
