// What the shell says of the cache, such as REDIS_URL, is for apps that are started from it, not for tests.
for (const name of Object.keys(process.env)) {
  if (/^(?:CACHE_|ENABLE_CACHE$|LLAMAINDEX_CACHE_|REDIS_(?!SERVER_BIN$))/.test(name)) delete process.env[name];
}

export {};
