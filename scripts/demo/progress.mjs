import { SingleBar } from 'cli-progress';

/** Shows how far the work is: a bar on a terminal, a line for every quarter elsewhere; on standard error. */
export function progress(total) {
  return process.stderr.isTTY ? bar(total) : lines(total);
}

function bar(total) {
  const shown = new SingleBar({
    format: '{bar} {value}/{total} tasks, {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
  });
  shown.start(total, 0);
  // Whatever ends the process, the terminal gets its cursor back.
  process.once('exit', () => shown.stop());
  return { step: () => shown.increment(), stop: () => shown.stop() };
}

function lines(total) {
  let done = 0;
  return {
    step() {
      done++;
      if (Math.floor((done * 4) / total) > Math.floor(((done - 1) * 4) / total))
        process.stderr.write(`${done}/${total} tasks\n`);
    },
    stop() {},
  };
}
