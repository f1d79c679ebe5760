import Table from 'cli-table3';

/** What the cache added to calls, by what was wrong meanwhile, for people. */
export function tables({ seed, seconds, calls, callsPerSecond, quiet, bare, faults }) {
  const drawn = new Table({
    head: ['', 'times', 'calls', 'hits', 'p50', 'p99', 'longest', 'hits again after'],
    colAligns: ['left', ...Array(7).fill('right')],
    style: { head: [], border: [] },
  });
  drawn.push(
    ['outside of faults', '', quiet.calls, percent(quiet.hitRatio), ...times(quiet), ''],
    ['a bare command meanwhile', '', bare.calls, '', ...times(bare), ''],
    ...Object.entries(faults)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([fault, of]) => [
        fault,
        of.times,
        of.calls,
        percent(of.hitRatio),
        ...times(of),
        of.slowestHealMs === null ? 'too late' : ms(of.slowestHealMs),
      ]),
  );
  const title = `${calls} calls in ${Math.round(seconds)} s (${callsPerSecond} a second), seed ${seed}; what the cache added to them:`;
  return `${title}\n\n${drawn.toString()}`;
}

/** What had to hold, each with a mark, and examples of what did not. */
export function verdictList({ verdicts, violations, surprises }) {
  const lines = verdicts.map(({ isMet, text }) => `${isMet ? '✓' : '✗'} ${text}`);
  return [...lines, ...[...violations, ...surprises].slice(0, 10).map((line) => `  ${line}`)].join('\n');
}

const times = ({ p50Ms, p99Ms, maxMs }) => [ms(p50Ms), ms(p99Ms), ms(maxMs)];
const ms = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const percent = (share) => `${(share * 100).toFixed(1)} %`;
