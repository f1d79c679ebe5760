import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const LIB = resolve(import.meta.dirname, '../../../scripts/lib/steps.mjs');
const COMMAND = resolve(import.meta.dirname, '../../../scripts/test.mjs');

/** Runs steps, given as source text, in a process of their own. */
function runSteps(steps: string): Promise<{ code: number; lines: string[]; text: string }> {
  const program = `import { allOf, counted, runSteps } from ${JSON.stringify(LIB)};
    const writing = (report, text) => ['-e', 'require("fs").writeFileSync(process.argv[1], process.argv[2])', report, text];
    const counts = (name, value) => counted('steps-spec-' + name, (report) => writing(report, JSON.stringify(value)), (read) => read);
    process.exitCode = (await runSteps({ ${steps} })) ? 0 : 1;`;
  return start(['--input-type=module', '-e', program]);
}

function start(args: string[]): Promise<{ code: number; lines: string[]; text: string }> {
  return new Promise((done) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n'), text: stdout + stderr }),
    );
  });
}

const passing = "{ limitSeconds: 20, check: allOf(['-e', '']) }";
const failing = "{ limitSeconds: 20, check: allOf(['-e', 'console.log(`what went wrong`); process.exit(3)']) }";
const verdicts = (lines: string[]) => lines.filter((line) => /^\d+ passed, \d+ failed$/.test(line));

describe('the test command', () => {
  it('ends with the count of all steps, once', async () => {
    const { code, lines } = await runSteps(
      `one: ${passing}, two: { limitSeconds: 20, check: counts('two', { passed: 7, failed: 0, skipped: [] }) }`,
    );
    expect(code).toBe(0);
    expect(lines.at(-1)).toBe('8 passed, 0 failed');
    expect(verdicts(lines)).toHaveLength(1);
  });

  it('runs the steps after a failed one, shows its output and fails', async () => {
    const { code, lines, text } = await runSteps(`one: ${failing}, two: ${passing}`);
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe('1 passed, 1 failed');
    expect(text).toContain('what went wrong');
  });

  it('shows the notes of a step that passes', async () => {
    const writing = `process.stdout.write("note: 3 s\\nother\\n"); require("fs").writeFileSync(process.argv[1], "{}")`;
    const step = `counted('steps-spec-notes', (report) => ['-e', ${JSON.stringify(writing)}, report], () => ({ passed: 1, failed: 0, skipped: [] }), {}, /^note.*$/gm)`;
    const { code, lines } = await runSteps(`one: { limitSeconds: 20, check: ${step} }`);
    expect(code).toBe(0);
    expect(lines).toContain('note: 3 s');
    expect(lines).not.toContain('other');
  });

  it('fails when no step ran', async () => {
    expect(await runSteps('')).toMatchObject({ code: 1 });
  });

  it.each([
    ['no test ran', "counts('none', { passed: 0, failed: 0, skipped: [] })"],
    ['no report was written', "counted('steps-spec-mute', () => ['-e', ''], (read) => read)"],
    [
      'the run crashed after its tests passed',
      "counted('steps-spec-crash', (report) => ['-e', 'require(\"fs\").writeFileSync(process.argv[1], \"{}\"); process.exit(1)', report], () => ({ passed: 5, failed: 0, skipped: [] }))",
    ],
  ])('fails a step in which %s', async (_, check) => {
    const { code, lines } = await runSteps(`step: { limitSeconds: 20, check: ${check} }`);
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatch(/^\d+ passed, 1 failed$/);
  });

  it('stops a step at its time limit, with what the step has started', async () => {
    // The grandchild holds the step's output open: while it lives, the step does not end.
    const endless = 'setInterval(() => {}, 1000)';
    const spawning = `require("child_process").spawn(process.execPath, ["-e", "${endless}"], { stdio: "inherit" }); ${endless}`;
    const { code, text } = await runSteps(`hanging: { limitSeconds: 1, check: allOf(['-e', '${spawning}']) }`);
    expect(code).toBe(1);
    expect(text).toContain('stopped: not finished after 1 seconds');
  });

  it('names what was skipped', async () => {
    const { lines } = await runSteps(
      "step: { limitSeconds: 20, check: counts('skip', { passed: 1, failed: 0, skipped: ['on the moon (no rocket)'] }) }",
    );
    expect(lines).toContain('skipped in step: on the moon (no rocket)');
  });

  it('refuses a step that does not exist and names those that do', async () => {
    const { code, text } = await start([COMMAND, '--only=moon']);
    expect(code).toBe(1);
    expect(text).toMatch(/^unknown: moon; expected --only= with some of redis,lint,/);
  });
});
