/** Where the backend listens, and where its cache keeps things. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly cache: 'off' | 'memory' | 'Redis';
}

/** Lines for whoever just started the backend: what to send it, and what to look at in the answers. */
export function whatToTry({ host, port, cache }: Listening): string {
  const name = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  const url = `http://${name}:${port}`;
  const task = (message: string): string =>
    `curl -s ${url}/task -H 'content-type: application/json' -d '{"message":"${message}"}'`;
  const isOff = cache === 'off';
  const steps = [
    [
      task('list .; read README.md; find passages about refunds'),
      isOff
        ? 'Each step says how long it took. The context is read from the database before each of them.'
        : 'Each step says "cache_hit". The context of a task misses once and then hits in every further step of the turn.',
    ],
    [
      'The same again, within 20 seconds.',
      isOff
        ? 'Everything is done anew.'
        : 'It is a new task, so its first context misses; tools, embeddings and the prompt now hit. Later the files are read anew.',
    ],
    [
      task('append \\"More soon.\\" to README.md; read README.md'),
      isOff
        ? 'The file changed.'
        : 'The file changed, so it is read anew, and so are the list and the passages; what does not depend on it still hits.',
    ],
    [
      `curl -s ${url}/${isOff ? 'health' : 'cache/metrics'}`,
      isOff ? 'What the backend did so far.' : 'Hits and misses by category, and the time saved.',
    ],
  ];
  return `
The agent backend is at ${url} (cache: ${cache}).

What to try next:
${steps.map(([command, note], index) => `  ${index + 1}. ${command}\n     ${note}`).join('\n')}

Ctrl+C ends it. PORT, HOST, REDIS_URL, EMBEDDINGS_URL and AGENT_BACKEND_CACHE=off change it, also in a file named .env.
`;
}
