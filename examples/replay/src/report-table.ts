import Table from 'cli-table3';
import type { ReplayReport } from './replay.js';
import type { Counts } from './tally.js';

const SHOWN_WRONG_HITS = 10;

/** The report for people: a table and, where there are any, the first wrong hits. */
export function reportTable({ total, tools, wrongHits, timeSources }: ReplayReport): string {
  const table = new Table({
    head: [
      'tool',
      'calls',
      'eligible',
      'hits',
      'hit rate',
      'wrong hits',
      `time saved (${timeSources.join(', ') || 'no hits'})`,
    ],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  table.push(...tools.map(row), row(total));
  const shown = wrongHits
    .slice(0, SHOWN_WRONG_HITS)
    .map(({ run, seq, tool }) => `wrong hit: run ${run}, call ${seq}, ${tool}`);
  const hidden = wrongHits.length - shown.length;
  return [table.toString(), ...shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])].join('\n');
}

function row({ tool, calls, eligible, hits, hitRate, wrongHits, savedMs }: Counts): (string | number)[] {
  const saved = savedMs === null ? '?' : `${(savedMs / 1000).toFixed(1)} s`;
  return [
    tool,
    calls,
    eligible,
    hits,
    eligible === 0 ? '' : `${(hitRate * 100).toFixed(1)} %`,
    wrongHits,
    hits === 0 ? '' : saved,
  ];
}
