import { SingleBar } from 'cli-progress';

/** Shows on a terminal how many of `total` questions are answered, and which one is being asked. Nothing elsewhere. */
export function progress(total) {
  if (!process.stderr.isTTY) return { begin() {}, stop() {} };
  const bar = new SingleBar({
    format: '{bar} {value}/{total} {question}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, 0, { question: '' });
  // Whatever ends the process, the terminal gets its cursor back.
  process.once('exit', () => bar.stop());
  return { begin: (index, question) => bar.update(index, { question }), stop: () => bar.stop() };
}
