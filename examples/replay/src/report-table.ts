import Table from 'cli-table3';
import type { ReplayPolicy } from './replay-policy.js';
import type { ReplayReport } from './replay.js';
import type { Counts } from './tally.js';

const SHOWN_WRONG_HITS = 10;

/** What came of a replay under a policy. */
export interface Row {
  readonly policy: ReplayPolicy;
  readonly report: ReplayReport;
}

/** The report for people: a table with a row for each tool and, where there are any, the first wrong hits. */
export function reportTable({ total, tools, wrongHits, timeSources }: ReplayReport): string {
  const table = newTable(['tool', 'calls'], timeSources);
  for (const counts of [...tools, total]) table.push([counts.tool, counts.calls, ...cells(counts)]);
  const shown = wrongHits
    .slice(0, SHOWN_WRONG_HITS)
    .map(({ run, seq, tool }) => `wrong hit: run ${run}, call ${seq}, ${tool}`);
  const hidden = wrongHits.length - shown.length;
  return [table.toString(), ...shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])].join('\n');
}

/** Several policies for people: a row for each, and what is to be seen in them. */
export function comparisonTable(rows: readonly Row[]): string {
  const sources = new Set(rows.flatMap(({ report }) => report.timeSources));
  const table = newTable(['policy', 'state', 'shared by'], [...sources].sort());
  for (const { policy, report } of rows) {
    table.push([nameOf(policy), stateOf(policy) ?? '', policy.share, ...cells(report.total)]);
  }
  return [table.toString(), ...conclusions(rows)].join('\n');
}

/** The row for machines. */
export function rowForMachines({ policy, report }: Row): object {
  const { share } = policy;
  const { total, wrongHits: wrong, ...rest } = report;
  const { tool: _all, ...counts } = total;
  return { policy: nameOf(policy), design: policy.design, state: stateOf(policy), share, ...counts, ...rest, wrong };
}

export const nameOf = ({ name, design }: ReplayPolicy): string =>
  design === 'obvious' ? `${name}: name + parameters + ttl` : name;

/** `null`: the obvious design knows of none. */
const stateOf = ({ design, state }: ReplayPolicy): string | null => (design === 'obvious' ? null : state);

function newTable(first: readonly string[], timeSources: readonly string[]): Table.Table {
  const saved = `time saved (${timeSources.join(', ') || 'no hits'})`;
  const counts = ['eligible', 'hits', 'hit rate', 'wrong hits', 'wrong of hits', saved];
  return new Table({
    head: [...first, ...counts],
    colAligns: [
      ...first.map((name) => (name === 'calls' ? ('right' as const) : ('left' as const))),
      ...counts.map(() => 'right' as const),
    ],
    style: { head: [], border: [], compact: true },
  });
}

function cells({ eligible, hits, hitRate, wrongHits, wrongRate, savedMs }: Counts): (string | number)[] {
  const saved = savedMs === null ? '?' : `${(savedMs / 1000).toFixed(1)} s`;
  return [
    eligible,
    hits,
    eligible === 0 ? '' : percent(hitRate),
    wrongHits,
    hits === 0 ? '' : percent(wrongRate),
    hits === 0 ? '' : saved,
  ];
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`;

/** What is right most often, and how far the obvious design can be trusted. */
function conclusions(rows: readonly Row[]): string[] {
  const right = rows.filter(({ policy, report }) => policy.design !== 'obvious' && report.total.wrongHits === 0);
  const obvious = rows.filter(({ policy }) => policy.design === 'obvious');
  const best = right.toSorted((a, b) => b.report.total.hits - a.report.total.hits)[0];
  const worst = obvious.toSorted((a, b) => b.report.total.wrongHits - a.report.total.wrongHits)[0];
  return [...(worst ? [told(worst)] : []), ...(best ? [told(best)] : ['No policy was without wrong hits.'])];
}

function told({ policy, report: { total } }: Row): string {
  const { hits, hitRate, wrongHits, wrongRate } = total;
  if (policy.design !== 'obvious') {
    return `Most hits, none wrong: ${policy.name}, state ${policy.state}, shared by ${policy.share}: ${hits} (${percent(hitRate)}).`;
  }
  return wrongHits === 0
    ? 'The obvious design was never wrong here: whatever was asked again had not changed.'
    : `The obvious design: ${wrongHits} of ${hits} hits wrong (${percent(wrongRate)}), shared by ${policy.share}.`;
}
