const READING_TOOLS = new Set(['read_file', 'list_directory', 'search_files', 'file_info', 'semantic_search']);

/** The value below which a share of the values lies; 0 where there are none. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/**
 * How often what had been read before came from the cache: by kind of step `{ again, hits }`. What was read before is
 * known from the requests alone: the same turn of a task, the same tool with the same inputs, the same message, the
 * same prompt.
 */
export function readAgain(tasks, answers) {
  const seen = new Set();
  const byKind = new Map();
  for (const [index, { taskId, turn, steps }] of answers.entries()) {
    const calls = tasks[index].toolCalls.values();
    for (const step of steps) {
      const call = step.kind === 'tool' ? calls.next().value : undefined;
      if (call && !READING_TOOLS.has(call.tool)) continue;
      const identity = JSON.stringify([
        step.kind,
        identityOf(step, call, { taskId, turn, message: tasks[index].message }),
      ]);
      const kind = byKind.get(step.kind) ?? { again: 0, hits: 0 };
      if (seen.has(identity)) {
        kind.again++;
        kind.hits += step.cache_hit ? 1 : 0;
      }
      byKind.set(step.kind, kind);
      seen.add(identity);
    }
  }
  return byKind;
}

function identityOf(step, call, { taskId, turn, message }) {
  if (call) return call;
  if (step.kind === 'context') return [taskId, turn];
  return step.kind === 'embedding' ? message : step.result;
}

/** Milliseconds of all steps that the cache answered. */
export function cachedStepTimes(answers) {
  return answers.flatMap(({ steps }) => steps.filter((step) => step.cache_hit).map((step) => step.ms));
}
