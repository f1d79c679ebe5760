import Table from 'cli-table3';

/** The table for people. */
export function tableOf(rows) {
  const table = new Table({
    head: ['', 'ours', 'limit', 'ratio', 'target', 'best peer', 'verdict'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, unit, ours, limit, ratio, target, peer, verdict, note } of rows) {
    const amount = (value) => (value === null ? '' : amountOf(value, unit));
    table.push([
      note ? `${name} (${note})` : name,
      amount(ours),
      amount(limit),
      ratio === null ? '' : factor(ratio),
      goalOf(target, unit),
      peer?.name ? `${goalOf(peer, unit, '')} ${peer.name}` : goalOf(peer, unit, ''),
      verdict,
    ]);
  }
  return table.toString();
}

function goalOf(goal, unit, sign = unit === '/s' ? '≥ ' : '≤ ') {
  if (!goal) return '–';
  if (goal.plus !== undefined) return `limit + ${amountOf(goal.plus, unit)}`;
  return `${sign}${goal.ratio === undefined ? amountOf(goal.value, unit) : factor(goal.ratio)}`;
}

const factor = (ratio) => `${ratio.toFixed(2)} ×`;

function amountOf(value, unit) {
  if (value === Infinity) return 'never';
  if (unit === '/s' && value >= 10_000) return `${Math.round(value / 1_000)} k/s`;
  return `${digits(value)}${unit === '/s' ? '/s' : unit && ` ${unit}`}`;
}

const digits = (value) =>
  Number.isInteger(value) ? String(value) : value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : 0);
