import { Presets, SingleBar } from 'cli-progress';

/** Shows on standard error how far a replay is: a bar on a terminal, a line at each tenth elsewhere. */
export function startProgress(total: number): { update(done: number): void; stop(): void } {
  if (process.stderr.isTTY) {
    const bar = new SingleBar(
      { stream: process.stderr, format: 'replaying {bar} {value}/{total} calls' },
      Presets.shades_classic,
    );
    bar.start(total, 0);
    return { update: (done) => bar.update(done), stop: () => bar.stop() };
  }
  return {
    update(done) {
      if (Math.floor((done * 10) / total) > Math.floor(((done - 1) * 10) / total)) {
        process.stderr.write(`replayed ${done} of ${total} calls\n`);
      }
    },
    stop: () => {},
  };
}
