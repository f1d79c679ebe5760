import { lua } from './lua.js';

/** Deletes what is too large to be read in time. A value of another type is never read, and stays. */
export const DROP_LARGE = lua(`
-- KEYS[1]  the key
-- ARGV[1]  the most bytes that may stay
-- returns  1: it is deleted; 0: it is small, of another type or not there
local size = redis.pcall('STRLEN', KEYS[1])
if type(size) == 'number' and size > tonumber(ARGV[1]) then
  return redis.call('UNLINK', KEYS[1])
end
return 0
`);
