/**
 * Adds to a counter and gives it a time to live if it has none, in one step: between two commands the process may end,
 * and a counter would stay for ever. The sum comes as text because ioredis 6 reads large integers wrong by one.
 */
export const INCREMENT = `
-- KEYS[1]  the counter
-- ARGV[1]  what to add: an integer, may be negative
-- ARGV[2]  time to live in milliseconds, at least 1; not renewed
-- returns  the sum as text, at most 2^53 - 1 either way; else an error, and nothing is changed
local present = tonumber(redis.call('GET', KEYS[1]) or '0')
if present and math.max(math.abs(present), math.abs(present + tonumber(ARGV[1]))) > 9007199254740991 then
  return redis.error_reply('ERR the value or the sum is not a safe integer')
end
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) == -1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return string.format('%.0f', sum)
`.trim();
