/** A script of one key, made to run on each of several keys of one server, each with as many arguments. An error ends it. */
export const forEachKey = (script: string): string =>
  `
local function one(KEYS, ARGV)
${script}
end
local answers = {}
local count = #ARGV / #KEYS
for at, key in ipairs(KEYS) do
  local answer = one({key}, {unpack(ARGV, (at - 1) * count + 1, at * count)})
  if type(answer) == 'table' and answer.err then
    return answer
  end
  answers[at] = answer
end
return answers
`.trim();

/** How long each of several keys of one server has to live: in milliseconds, -1: for ever, -2: it is not there. */
export const TTLS = `
local ttls = {}
for at, key in ipairs(KEYS) do
  ttls[at] = redis.call('PTTL', key)
end
return ttls
`.trim();
