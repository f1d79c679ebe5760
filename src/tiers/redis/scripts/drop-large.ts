import { lua, refused } from './lua.js';

/** Deletes what is too large to be read in time. A value of another type is never read, and stays. */
export const DROP_LARGE = lua(`
-- KEYS[1]  the key
-- ARGV[1]  the most bytes that may stay
-- returns  1: it is deleted; 0: it is small, of another type or not there
local beyond = redis.pcall('GETRANGE', KEYS[1], ARGV[1], ARGV[1])
${refused('beyond')}
if type(beyond) == 'string' and beyond ~= '' then
  return redis.call('UNLINK', KEYS[1])
end
return 0
`);
