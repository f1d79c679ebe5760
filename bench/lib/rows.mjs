import { GOALS } from './peers.mjs';
import { median } from './rounds.mjs';

/** Times and rates of the same thing differ by as much between two runs on a shared machine. */
const NOISE = 0.05;

export const REACHED = 'reached';
export const BELOW = 'below the target, above the best peer';
export const UNRIVALLED = 'below the target, no peer measured';
export const WORSE = 'WORSE than the best peer';

/**
 * One line of the table. `ours` and `limit` hold a number for each round, of the same rounds; `limit: null`: there is nothing
 * to compare with. `unit`: `/s` where more is better; anything else (`ms`, `µs`, a count) is better when it is less. `peers`:
 * `{ name: numbers }` of others in the same rounds, in the place of what the best of them once reached.
 */
export function row(name, unit, ours, limit, { note = '', peers = {} } = {}) {
  const { target } = GOALS[name];
  const peer = bestOf(peers, unit, limit) ?? GOALS[name].peer;
  const ratios = limit && ratiosOf(ours, limit);
  const measured = {
    name,
    unit,
    ours: median(ours),
    limit: limit && median(limit),
    // Of what was measured side by side: what the machine did besides hits both.
    ratio: ratios && median(ratios),
    rounds: ours.length,
    note,
  };
  return { ...measured, target, peer, verdict: verdictOf(measured, target, peer) };
}

/** A row of a count, which must not exceed its target in any round. */
export const countRow = (name, counts, note) => row(name, '', [Math.max(...counts)], null, { note });

const ratiosOf = (values, limit) => values.map((each, index) => each / limit[index]);

/** `{ ratio, name }` of the best of `peers`; `null`: there are none. */
function bestOf(peers, unit, limit) {
  const all = Object.entries(peers).map(([name, values]) => ({ name, ratio: median(ratiosOf(values, limit)) }));
  all.sort((a, b) => (unit === '/s' ? b.ratio - a.ratio : a.ratio - b.ratio));
  return all[0] ?? null;
}

/** `''` for a row without a target. */
export function verdictOf(measured, target, peer) {
  if (!target) return '';
  if (meets(measured, target, 0)) return REACHED;
  if (!peer) return UNRIVALLED;
  return meets(measured, peer, measured.unit === '' ? 0 : NOISE) ? BELOW : WORSE;
}

/** The rows that make the bench fail: none where they were measured too quickly to say anything. */
export const worseOf = (rows, { isQuick }) => (isQuick ? [] : rows.filter(({ verdict }) => verdict === WORSE));

function meets({ unit, ours, limit, ratio }, { ratio: wanted, value, plus }, slack) {
  if (plus !== undefined) return ours <= limit + plus * (1 + slack);
  const [is, bound] = wanted === undefined ? [ours, value] : [ratio, wanted];
  return unit === '/s' ? is >= bound * (1 - slack) : is <= bound * (1 + slack);
}
