/** The number in the middle; of an even number of them the mean of both. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Lets `rivals`, `{ name: () => Promise<result> }`, take turns for `rounds` rounds, each time with another one first.
 * Resolves to `{ name: [result of each round] }`.
 */
export async function inTurns(rivals, rounds) {
  const names = Object.keys(rivals);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length];
      results[name].push(await rivals[name]());
    }
  }
  return results;
}

/** Calls `call(index)` again and again for about `ms`, each awaited before the next. Resolves to calls per second. */
export async function pace(call, ms) {
  const startedAt = performance.now();
  let calls = 0;
  // The clock takes as long as a small hit: it is asked now and then.
  for (let chunk = 8; ; chunk *= 2) {
    for (const end = calls + chunk; calls < end; calls++) await call(calls);
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs >= ms) return (calls / elapsedMs) * 1_000;
    if (elapsedMs > ms / 8) chunk /= 2;
  }
}

/**
 * `callers` at once call `call(index)` again and again for `ms`. Resolves to calls per second and the CPU time that this
 * process spent on one, in microseconds.
 */
export async function crowd(call, { callers, ms }) {
  let calls = 0;
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const one = async () => {
    while (performance.now() - startedAt < ms) await call(calls++);
  };
  await Promise.all(Array.from({ length: callers }, one));
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (calls / (performance.now() - startedAt)) * 1_000, cpuMicros: (user + system) / calls };
}

/** Milliseconds until `work()` is done. */
export async function timeOf(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Milliseconds from `start()`, which is not awaited, until `isDone()`; `Infinity` after `limitMs`. */
export async function timeUntil(start, isDone, limitMs = 2_000) {
  const startedAt = performance.now();
  const started = start();
  let elapsedMs;
  for (;;) {
    // Whoever asks at this moment is the first to whom it is done, however long the answer takes.
    elapsedMs = performance.now() - startedAt;
    const done = await isDone();
    if (done || elapsedMs > limitMs) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await started;
  return elapsedMs > limitMs ? Infinity : elapsedMs;
}
