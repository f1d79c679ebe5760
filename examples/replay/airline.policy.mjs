/**
 * The tools of the airline service desk (tau-bench). Every run starts from the same database and works on a copy of its
 * own, so runs share answers as long as they have made the same changes to it.
 */
const READS = new Set([
  'get_user_details',
  'get_reservation_details',
  'search_direct_flight',
  'search_onestop_flight',
  'list_all_airports',
  'calculate',
]);

/** They change nothing, and nothing of them is worth keeping. */
const NEITHER = new Set(['think', 'transfer_to_human_agents']);

export const share = 'all';
export const state = 'forked';

export function describe(tool) {
  if (READS.has(tool)) return { permissionTier: 'READ_ONLY' };
  if (NEITHER.has(tool)) return { permissionTier: 'READ_ONLY', volatile: true };
  return { permissionTier: 'WRITE' };
}

/**
 * The trace has no times, so these are ASSUMED, and the table says so: what a look-up by key, a search over all flights and
 * a sum may take in an airline's reservation system, in milliseconds. Put your own in their place.
 */
const ASSUMED_MS = {
  get_user_details: 50,
  get_reservation_details: 50,
  search_direct_flight: 300,
  search_onestop_flight: 600,
  list_all_airports: 50,
  calculate: 1,
};

export const ms = (tool) => ASSUMED_MS[tool];
