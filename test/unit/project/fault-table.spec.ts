import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type MeasuredFault, recordFault } from '../../support/fault-report.js';

const LIB = resolve(import.meta.dirname, '../../../scripts/lib/fault-rows.mjs');

interface Lib {
  readRows(folder: string): MeasuredFault[];
  tableIn(page: string): MeasuredFault[] | null;
  withTable(page: string, rows: readonly MeasuredFault[]): string;
  differences(table: readonly MeasuredFault[], measured: readonly MeasuredFault[]): string[];
}

const HUNG: MeasuredFault = {
  class: 'hanging',
  fault: 'it is stopped',
  caller: "the loader's answer",
  boundMs: 160,
  addedMs: 101.4321,
  healedMs: 15.04,
  healBoundMs: 500,
};
const REFUSED: MeasuredFault = {
  ...HUNG,
  class: 'unreachable',
  fault: 'it is refused | or $& not',
  addedMs: 4.05,
  healedMs: null,
  healBoundMs: null,
};
const PAGE = '# Page\n\nText.\n\n<!-- faults: npm run faults -- --update -->\n<!-- /faults -->\n\n## More\n';

describe('the table of faults', () => {
  let lib: Lib;
  beforeAll(async () => {
    lib = (await import(LIB)) as Lib;
  });
  const written = (...rows: MeasuredFault[]): MeasuredFault[] => lib.tableIn(lib.withTable(PAGE, rows))!;

  it('is written by class, each with its page, and leaves the rest of the page alone', () => {
    const page = lib.withTable(PAGE, [HUNG, REFUSED]);
    expect(page.match(/^### .*$/gm)).toEqual([
      '### [Redis is not reached](faults/unreachable.md)',
      '### [Redis hangs](faults/hanging.md)',
    ]);
    expect(page).toContain("| it is stopped | the loader's answer | 160 ms | 101 ms | 500 ms | 15 ms |");
    expect(page).toContain("| it is refused \\| or $& not | the loader's answer | 160 ms | 4.1 ms | – | – |");
    expect(page.startsWith('# Page\n\nText.\n\n<!--')).toBe(true);
    expect(page.endsWith('-->\n\n## More\n')).toBe(true);
  });

  it('is written the same again', () => {
    const page = lib.withTable(PAGE, [HUNG, REFUSED]);
    expect(lib.withTable(page, [REFUSED, HUNG])).toBe(page);
  });

  it('is read as it was written, with times as they are rounded', () => {
    expect(written(HUNG, REFUSED)).toEqual([
      { ...REFUSED, addedMs: 4.1 },
      { ...HUNG, addedMs: 101, healedMs: 15 },
    ]);
  });

  it('is not there without its markers', () => {
    expect(lib.tableIn('# Page\n')).toBeNull();
  });

  it('is as it should be, whatever was measured within the bounds', () => {
    const measured = [{ ...HUNG, addedMs: 159.9, healedMs: 3 }, REFUSED];
    expect(lib.differences(written(HUNG, REFUSED), measured)).toEqual([]);
  });

  it.each<[string, MeasuredFault[], RegExp]>([
    ['a row without a test', [HUNG], /^unreachable: .*: the table has it and no test has reported it; /],
    [
      'a caller who gets something else',
      [{ ...HUNG, caller: 'null' }, REFUSED],
      /what the caller gets .* "null" in its test/,
    ],
    [
      'a bound that differs',
      [{ ...HUNG, boundMs: 170 }, REFUSED],
      /is 160 ms in the table and 170 ms in its test; .*--update/,
    ],
    ['another bound of healing', [{ ...HUNG, healBoundMs: 600 }, REFUSED], /healing takes is 500 ms .* and 600 ms/],
    ['a time past its bound', [{ ...HUNG, addedMs: 160.4 }, REFUSED], /it added 160.4 ms, 160 at most; find out why/],
    ['a healing past its bound', [{ ...HUNG, healedMs: 501 }, REFUSED], /it healed after 501.0 ms, 500 at most/],
    ['a healing without a bound', [HUNG, { ...REFUSED, healedMs: 1 }], /healing has a time without a bound/],
  ])('is found to differ by %s', (_what, measured, sentence) => {
    expect(lib.differences(written(HUNG, REFUSED), measured)).toEqual([expect.stringMatching(sentence)]);
  });

  it('is found to differ by a test without a row', () => {
    expect(lib.differences(written(HUNG), [HUNG, REFUSED])).toEqual([
      'unreachable: it is refused | or $& not: a test reports it and the table does not have it; run `npm run faults -- --update`',
    ]);
  });

  it('is found to differ by a class that nobody knows', () => {
    const unknown = { ...HUNG, class: 'weather' as 'hanging' };
    expect(lib.differences([], [unknown])).toEqual([expect.stringMatching(/^weather: .*there is no such class/)]);
  });

  describe('is made of what tests record', () => {
    let folder: string;
    const { FAULT_REPORT } = process.env;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fault-table-'));
    });
    afterEach(async () => {
      if (FAULT_REPORT === undefined) delete process.env.FAULT_REPORT;
      else process.env.FAULT_REPORT = FAULT_REPORT;
      await rm(folder, { recursive: true });
    });

    it('in the order of the classes, of two with one name the later', () => {
      process.env.FAULT_REPORT = join(folder, 'rows');
      recordFault(HUNG);
      recordFault({ ...REFUSED, addedMs: 99 });
      recordFault(REFUSED);
      expect(lib.readRows(join(folder, 'rows'))).toEqual([REFUSED, HUNG]);
    });

    it('of which there is none where nothing was recorded', () => {
      delete process.env.FAULT_REPORT;
      recordFault(HUNG);
      expect(lib.readRows(join(folder, 'rows'))).toEqual([]);
    });
  });
});
