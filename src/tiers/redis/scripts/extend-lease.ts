import { liveFor, lua, NOW } from './lua.js';

/** Keeps a lease up that is still held, and takes none: whatever has deleted the key has ended the lease for good. */
export const EXTEND_LEASE = lua(`
-- KEYS[1]  the key of the entry
-- ARGV[1]  token of the holder
-- ARGV[2]  how long the lease holds from now on, in milliseconds
-- ARGV[3]  how long it is kept at least, in milliseconds
-- returns  1: it is held; 0: it is not, and nothing was done
local head = redis.pcall('GETRANGE', KEYS[1], 0, 32)
if head ~= 'ac1 lease ' .. ARGV[1] .. ' ' then
  return 0
end
${NOW}
redis.call('SETRANGE', KEYS[1], 50, string.format('%013.0f', now + ARGV[2]))
${liveFor('ARGV[3]')}
return 1
`);
