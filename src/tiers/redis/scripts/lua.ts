/**
 * A script as it is sent. Its comments stay here: they would travel with every call.
 */
export const lua = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('--'))
    .join('\n');

/** Reads the clock of the server into `now`, in milliseconds. */
export const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Lets what stands under the key live for at least `ttlMs` milliseconds; what never expires stays so. */
export const liveFor = (ttlMs: string): string => `
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(${ttlMs}) then
  redis.call('PEXPIRE', KEYS[1], ${ttlMs})
end
`;

/** Ends with the error that `reply` is, where it is another one than that of a value of another type, such as NOPERM. */
export const refused = (reply: string): string => `
if type(${reply}) == 'table' and not string.find(${reply}.err, 'WRONGTYPE') then
  return ${reply}
end
`;

/**
 * Reads what stands under the key into `head`, which is `''` where there is nothing and no string where a value of another
 * type stands, and takes it apart: `line` is the line of a lease or `''`, `entry` the first 128 bytes of what is behind it.
 */
export const HEAD = `
local head = redis.pcall('GETRANGE', KEYS[1], 0, 191)
local isString = type(head) == 'string'
${refused('head')}
local line = ''
local entry = ''
if isString then
  local stamp, digits, rest = string.match(head, '^ac1 lease [%w_-]+ ()%x+ ()%d+\\n()')
  if stamp == 34 and digits == 51 and rest == 65 then
    line = string.sub(head, 1, 64)
  end
  entry = string.sub(head, #line + 1, #line + 128)
end
`;
