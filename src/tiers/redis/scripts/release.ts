import { lua } from './lua.js';

/**
 * Gives a lease up: the older entry stands alone again, with what is left of its time. Where there is no memory to write it
 * again it goes, rather than to let all who ask for it wait for nobody.
 */
export const RELEASE = lua(`
-- KEYS[1]  the key of the entry
-- ARGV[1]  token of the lease
-- returns  1: the lease was there; 0: it was not, and nothing was done
local head = redis.pcall('GETRANGE', KEYS[1], 0, 32)
if head ~= 'ac1 lease ' .. ARGV[1] .. ' ' then
  return 0
end
local left = redis.call('PTTL', KEYS[1])
local older = redis.call('GETRANGE', KEYS[1], 64, -1)
local kept = {}
if older ~= '' and left < 0 then
  kept = redis.pcall('SET', KEYS[1], older)
elseif older ~= '' then
  kept = redis.pcall('SET', KEYS[1], older, 'PX', math.max(left, 1))
end
if older == '' or kept.err then
  redis.call('UNLINK', KEYS[1])
end
return 1
`);
