import type { Reply } from '../../core/ports/reply.js';

/** Keys in one command. More would keep small answers waiting for large ones. */
const MAX_KEYS = 32;

/** What stands under keys. Buffers may be shared between callers, who only read them. */
export interface ReadAnswers {
  readonly values: ReadonlyMap<string, Buffer | null>;
  /** As PTTL answers, for the keys for which that was asked. */
  readonly ttls: ReadonlyMap<string, number>;
}

/** `timed`: of which the time to live is asked for as well. */
export type Read = (keys: readonly string[], timed: readonly string[]) => Promise<Reply<ReadAnswers>>;

interface Asked {
  readonly keys: readonly string[];
  readonly timed: readonly string[];
  readonly answer: (reply: Reply<ReadAnswers>) => void;
}

/**
 * Puts what different callers ask for in the same turn of the event loop into few commands, in which each key stands once:
 * a command costs the process several times what a key costs. What is asked for together stays together.
 */
export class ReadBatch {
  private waiting: Asked[] = [];
  private isScheduled = false;

  constructor(private readonly read: Read) {}

  ask: Read = (keys, timed) =>
    new Promise((answer) => {
      this.waiting.push({ keys, timed, answer });
      if (this.isScheduled) return;
      this.isScheduled = true;
      // After all promises that are settled by now: an answer that came for many lets each of them ask again.
      process.nextTick(() => this.flush());
    });

  private flush(): void {
    const { waiting } = this;
    this.waiting = [];
    this.isScheduled = false;
    for (let from = 0; from < waiting.length;) {
      const keys = new Set<string>();
      let to = from;
      for (let asked = waiting[to]; asked; asked = waiting[++to]) {
        if (keys.size > 0 && keys.size + asked.keys.length > MAX_KEYS) break;
        for (const key of asked.keys) keys.add(key);
      }
      this.send([...keys], waiting.slice(from, to));
      from = to;
    }
  }

  private send(keys: readonly string[], together: readonly Asked[]): void {
    const timed = [...new Set(together.flatMap((asked) => asked.timed))];
    void this.read(keys, timed).then((reply) => {
      for (const { answer } of together) answer(reply);
    });
  }
}
