const LOOK_EVERY_MS = 500;

/** Ends this process, as SIGTERM does, when the npm that started it is gone: the shell between them passes no signal on. */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS).unref();
}
