import { resource } from 'nestjs-agent-cache';

/** The tools of the airline service desk (tau-bench). Every run works on its own copy of one database. */
export const state = 'forked';
export const share = 'all';

const user = ({ user_id }) => resource('user', user_id);
const reservation = ({ reservation_id }) => resource('reservation', reservation_id);
/** Who books gets the next free reservation id, so what is behind an id may be a booking that does not name it. */
const bookings = resource('bookings', 'all');
/** Money and seats are one thing each: a change of a reservation says neither whose money it moves nor which seats it frees. */
const balances = resource('balances', 'all');
const seats = resource('seats', 'all');

const reads = (dependsOn) => ({ permissionTier: 'READ_ONLY', dependsOn });
const changes = (mutates) => ({ permissionTier: 'WRITE', mutates });

const TOOLS = {
  get_user_details: reads((params) => [user(params), balances]),
  get_reservation_details: reads((params) => [reservation(params), bookings]),
  search_direct_flight: reads(() => [seats]),
  search_onestop_flight: reads(() => [seats]),
  list_all_airports: reads(() => []),
  calculate: reads(() => []),

  book_reservation: changes((params) => [user(params), bookings, balances, seats]),
  cancel_reservation: changes((params) => [reservation(params), balances, seats]),
  update_reservation_flights: changes((params) => [reservation(params), balances, seats]),
  update_reservation_baggages: changes((params) => [reservation(params), balances]),
  update_reservation_passengers: changes((params) => [reservation(params)]),
  send_certificate: changes((params) => [user(params)]),

  think: changes(() => []),
  transfer_to_human_agents: changes(() => []),
};

export const describe = (tool) => (Object.hasOwn(TOOLS, tool) ? TOOLS[tool] : undefined);

/** ASSUMED milliseconds: the trace has no times. What a look-up, a search over all flights and a sum may take. */
const MS = { search_direct_flight: 300, search_onestop_flight: 600, calculate: 1 };

export const ms = (tool) => MS[tool] ?? 50;
