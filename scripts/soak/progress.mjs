import { SingleBar } from 'cli-progress';

/** Shows which fault it is: a bar on a terminal, a line for every tenth elsewhere; on standard error. */
export function progress() {
  return process.stderr.isTTY ? bar() : lines();
}

function bar() {
  const shown = new SingleBar({
    format: '{bar} {value}/{total} faults, {fault}, {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
  });
  // Whatever ends the process, the terminal gets its cursor back.
  process.once('exit', () => shown.stop());
  return {
    fault({ fault }, index, count) {
      if (index === 0) shown.start(count, 0, { fault });
      else shown.update(index, { fault });
    },
    stop: () => shown.stop(),
  };
}

function lines() {
  return {
    fault(_planned, index, count) {
      if (index > 0 && Math.floor((index * 10) / count) > Math.floor(((index - 1) * 10) / count))
        process.stderr.write(`${index}/${count} faults\n`);
    },
    stop() {},
  };
}
