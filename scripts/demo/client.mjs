/**
 * Gives the tasks to a backend, one after the other, in the conversations that they belong to. `task(index)` resolves to
 * `{ answer, ms }`; `ms` is the time of the whole response.
 */
export function client(url, tasks) {
  const taskIds = new Map();
  const queries = { count: 0, ms: 0 };
  return {
    async task(index) {
      const { conversation, message, toolCalls } = tasks[index];
      const started = performance.now();
      const response = await post(`${url}/task`, { taskId: taskIds.get(conversation), message, toolCalls });
      const answer = await response.json();
      const ms = performance.now() - started;
      taskIds.set(conversation, answer.taskId);
      queries.count += Number(response.headers.get('x-query-count'));
      queries.ms += Number.parseFloat(response.headers.get('x-query-time') ?? '0');
      return { answer, ms };
    },
    /** The conversations as they stand at the end. */
    conversations: () => Promise.all([...taskIds.values()].map((id) => get(`${url}/task/${id}`))),
    counts: async () => (await get(`${url}/health`)).counts,
    metrics: () => get(`${url}/cache/metrics`),
    /** Milliseconds of one database query on average, as the response headers of the cache's module have it. */
    queryMs: () => queries.ms / queries.count,
  };
}

const get = async (url) => (await checked(await fetch(url))).json();

async function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  return checked(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function checked(response) {
  if (response.ok) return response;
  throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
}

const VARYING = new Set(['taskId', 'ms', 'cache_hit']);

/** All of an answer but ids, times and where it came from, as text. */
export function comparable(answer) {
  return JSON.stringify(answer, (name, value) => (VARYING.has(name) ? undefined : value))
    .replace(/task-[0-9a-f-]{36}/g, '<task>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
}
