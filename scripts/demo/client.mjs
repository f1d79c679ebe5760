/**
 * Gives the tasks to a backend, one after the other, in the conversations that they belong to. `task(index)` resolves to
 * `{ answer, ms }`; `ms` is the time of the whole response.
 */
export function client(url, tasks) {
  const taskIds = new Map();
  return {
    async task(index) {
      const { conversation, message, toolCalls } = tasks[index];
      const started = performance.now();
      const answer = await json(`${url}/task`, { taskId: taskIds.get(conversation), message, toolCalls });
      const ms = performance.now() - started;
      taskIds.set(conversation, answer.taskId);
      return { answer, ms };
    },
    /** The conversations as they stand at the end. */
    conversations: () => Promise.all([...taskIds.values()].map((id) => json(`${url}/task/${id}`))),
    counts: async () => (await json(`${url}/health`)).counts,
    metrics: () => json(`${url}/cache/metrics`),
  };
}

async function json(url, body) {
  const response = await fetch(
    url,
    body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

const VARYING = new Set(['taskId', 'ms', 'cache_hit']);

/** All of an answer but ids, times and where it came from, as text. */
export function comparable(answer) {
  return JSON.stringify(answer, (name, value) => (VARYING.has(name) ? undefined : value))
    .replace(/task-[0-9a-f-]{36}/g, '<task>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
}
