/** Lines for whoever just started the backend: what to send it, and what to look at in the answers. */
export function whatToTry(port: number, cache: 'off' | 'memory' | 'Redis'): string {
  const task = (message: string): string =>
    `curl -s localhost:${port}/task -H 'content-type: application/json' -d '{"message":"${message}"}'`;
  const ask = task('list .; read README.md; find passages about refunds');
  const change = task('append \\"More soon.\\" to README.md; read README.md');
  return `
The agent backend is at http://localhost:${port} (cache: ${cache}).

What to try next:
  1. ${ask}
     Each step says "cache_hit". The context of a task misses once and then hits in every further step of the turn.
  2. The same again: a new task, so its first context misses; tools, embeddings and the prompt now hit.
  3. ${change}
     The file changed, so it is read anew, and so is everything else that tools read before.
  4. curl -s localhost:${port}/${cache === 'off' ? 'health' : 'cache/metrics'}
     ${cache === 'off' ? 'What the backend did so far.' : 'Hits and misses by category, and the time saved.'}

Ctrl+C ends it. PORT, REDIS_URL, EMBEDDINGS_URL and AGENT_BACKEND_CACHE=off change it, also in a file named .env.
`;
}
