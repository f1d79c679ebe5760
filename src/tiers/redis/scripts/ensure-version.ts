import { MAX_VERSION_LENGTH } from '../../version-text.js';
import { lua, refused } from './lua.js';

/** Creates the version of a group where there is none, in one step with reading it. */
export const ENSURE_VERSION = lua(`
-- KEYS[1]  the key of the version
-- ARGV[1]  the version to create
-- ARGV[2]  its time to live in milliseconds, at least 1
-- returns  the version that stands there afterwards. What cannot be read as one makes way.
local present = redis.pcall('GETRANGE', KEYS[1], 0, ${MAX_VERSION_LENGTH})
if type(present) == 'string' and #present <= ${MAX_VERSION_LENGTH} and string.find(present, '^[!-~]+$') then
  return present
end
${refused('present')}
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
`);
