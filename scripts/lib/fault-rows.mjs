import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Classes of faults in the order of the table, as headings; each has a page `faults/<class>.md`. */
const CLASSES = {
  unreachable: 'Redis is not reached',
  connections: 'Connections break',
  hanging: 'Redis hangs',
  answers: 'Answers are of no use',
  coherence: 'Processes hear of each other late',
  topologies: 'Cluster and Sentinel',
  overload: 'Too much at once',
  process: 'Processes end',
  values: 'Stored values are not ours',
};
const BEGIN = '<!-- faults: npm run faults -- --update -->';
const END = '<!-- /faults -->';
const HEAD = [
  '| fault | what the caller gets | added at most | measured | healed within | measured |',
  '| --- | --- | ---: | ---: | ---: | ---: |',
];
const NONE = '–';

/** All rows that tests have recorded in a folder, in the order of the table. */
export function readRows(folder) {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return sorted(files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))));
}

export function sorted(rows) {
  const classes = Object.keys(CLASSES);
  const placeOf = (row) => classes.indexOf(row.class);
  return [...rows].sort((a, b) => placeOf(a) - placeOf(b) || (a.fault < b.fault ? -1 : 1));
}

/** The table of a page, between its markers, as rows; `null` where there are no markers. Times are read as they are rounded. */
export function tableIn(page) {
  const block = blockOf(page);
  if (block === null) return null;
  const rows = [];
  let kind = '';
  for (const line of block.split('\n')) {
    const heading = /^### \[.*\]\(faults\/(.+)\.md\)$/.exec(line);
    if (heading) kind = heading[1];
    const cells = line.split(/(?<!\\)\|/).slice(1, -1);
    if (cells.length !== 6 || HEAD.includes(line)) continue;
    const [fault, caller, ...times] = cells.map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [boundMs, addedMs, healBoundMs, healedMs] = times.map(msIn);
    rows.push({ class: kind, fault, caller, boundMs, addedMs, healedMs, healBoundMs });
  }
  return rows;
}

/** The page with the rows as its table. It must have the markers. */
export function withTable(page, rows) {
  const sections = Object.entries(CLASSES).flatMap(([kind, title]) => {
    const own = sorted(rows).filter((row) => row.class === kind);
    return own.length > 0 ? [[`### [${title}](faults/${kind}.md)`, '', ...HEAD, ...own.map(line)].join('\n')] : [];
  });
  const [before] = page.split(BEGIN);
  const after = page.slice(page.indexOf(END));
  return `${before}${BEGIN}\n\n${sections.join('\n\n')}\n\n${after}`;
}

/** What is between the page's table and what tests have measured, a sentence for each, with what to do. */
export function differences(table, measured) {
  const found = [];
  const reported = new Map(measured.map((row) => [nameOf(row), row]));
  const written = new Map(table.map((row) => [nameOf(row), row]));
  for (const [name, row] of reported) {
    const line = written.get(name);
    if (!(row.class in CLASSES)) found.push(`${name}: there is no such class; add it to scripts/lib/fault-rows.mjs`);
    else if (!line) found.push(`${name}: a test reports it and the table does not have it; ${UPDATE}`);
    else found.push(...rowDifferences(name, line, row));
    found.push(...tooLate(name, row));
  }
  for (const name of written.keys()) {
    if (!reported.has(name)) {
      found.push(
        `${name}: the table has it and no test has reported it; see why its test did not, or, where it is gone, ${UPDATE}`,
      );
    }
  }
  return found;
}

const UPDATE = 'run `npm run faults -- --update`';

function rowDifferences(name, line, row) {
  const compared = {
    caller: 'what the caller gets',
    boundMs: 'the most that is added',
    healBoundMs: 'the most that healing takes',
  };
  return Object.entries(compared).flatMap(([key, what]) =>
    line[key] === row[key]
      ? []
      : [
          `${name}: ${what} is ${said(line[key])} in the table and ${said(row[key])} in its test; if that is meant, ${UPDATE}`,
        ],
  );
}

function tooLate(name, { addedMs, boundMs, healedMs, healBoundMs }) {
  const late = (what, ms, bound) =>
    ms === null || ms <= bound
      ? []
      : [`${name}: ${what} ${ms.toFixed(1)} ms, ${bound} at most; find out why, and do not widen the bound`];
  if ((healedMs === null) !== (healBoundMs === null)) {
    return [
      `${name}: healing has a time without a bound, or a bound without a time; both or neither belong into recordFault()`,
    ];
  }
  return [...late('it added', addedMs, boundMs), ...late('it healed after', healedMs, healBoundMs)];
}

function blockOf(page) {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  return from < 0 || to < from ? null : page.slice(from + BEGIN.length, to);
}

function line({ fault, caller, boundMs, addedMs, healedMs, healBoundMs }) {
  const cells = [fault, caller, inMs(boundMs), inMs(addedMs), inMs(healBoundMs), inMs(healedMs)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const nameOf = (row) => `${row.class}: ${row.fault}`;
const said = (value) => (value === null ? 'nothing' : typeof value === 'number' ? `${value} ms` : `"${value}"`);
const rounded = (ms) => (ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms));
const inMs = (ms) => (ms === null ? NONE : `${rounded(ms)} ms`);
const msIn = (cell) => (cell === NONE ? null : Number.parseFloat(cell));
