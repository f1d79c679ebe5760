import { IN_HAND, RESERVED } from '../../../core/ports/entry-store.js';
import { HEAD, liveFor, lua, NOW } from './lua.js';

/** Takes a lease on the key of an entry. The line of the lease is put in front of the entry, which stays as it is. */
export const LEASE = lua(`
-- KEYS[1]  the key of the entry
-- ARGV[1]  token of the asker, 22 characters
-- ARGV[2]  stamp of the load, 16 hex digits; zeros: of a value in hand, and all f: of one that is being written to its
--          source, whose leases no load takes over
-- ARGV[3]  'any': whatever stands there; 'seen': only if what stands there begins with ARGV[4]
-- ARGV[4]  the first 128 bytes of the entry that was seen; '': there was none
-- ARGV[5]  how long the lease holds, in milliseconds
-- ARGV[6]  how long it is kept at least, in milliseconds
-- returns  'held', 'taken', 'reserved' or 'changed', and the time of the server, in milliseconds since 1970, as text
-- A value of another type counts as no entry and makes way. So does a lease that holds for longer than twice the time that the
-- asker asks for: it was not taken here, or before the clock of the server was put back.
${NOW}
${HEAD}
local at = string.format('%.0f', now)
if isString and string.sub(line, 11, 32) ~= ARGV[1] and ARGV[3] ~= 'any' then
  local stamp = string.sub(line, 34, 49)
  local left = (tonumber(string.sub(line, 51, 63)) or 0) - now
  if left > 0 and left <= 2 * ARGV[5] then
    if stamp == '${RESERVED}' then
      return {'reserved', at}
    end
    if stamp == ARGV[2] or stamp == '${IN_HAND}' then
      return {'taken', at}
    end
  end
  if entry ~= ARGV[4] then
    return {'changed', at}
  end
end
local mine = 'ac1 lease ' .. ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. string.format('%013.0f', now + ARGV[5]) .. '\\n'
if line ~= '' then
  redis.call('SETRANGE', KEYS[1], 0, mine)
  ${liveFor('ARGV[6]')}
elseif entry == '' then
  redis.call('SET', KEYS[1], mine, 'PX', ARGV[6])
else
  local left = redis.call('PTTL', KEYS[1])
  mine = mine .. redis.call('GET', KEYS[1])
  if left < 0 then
    redis.call('SET', KEYS[1], mine)
  else
    redis.call('SET', KEYS[1], mine, 'PX', math.max(left, ARGV[6]))
  end
end
return {'held', at}
`);
