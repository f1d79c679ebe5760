import { HEAD, lua } from './lua.js';

/** Writes an entry in the place of its lease and of the older entry behind it. */
export const PUBLISH = lua(`
-- KEYS[1]  the key of the entry
-- ARGV[1]  token of the lease
-- ARGV[2]  the entry
-- ARGV[3]  time to live in milliseconds, at least 1
-- returns  'stored', also when the entry is there already, be it behind the lease of somebody else; 'lost': the lease does
--          not stand there, and nothing was written
${HEAD}
if isString then
  if string.sub(line, 11, 32) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 'stored'
  end
  if entry ~= '' and entry == string.sub(ARGV[2], 1, 128) then
    return 'stored'
  end
end
return 'lost'
`);
