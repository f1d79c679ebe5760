/** Keys in one read at most. More would keep small answers waiting for large ones, and many large values alive at once. */
const MAX_KEYS = 16;

/**
 * Gathers what different callers ask for in one turn of the event loop, so that few reads are sent: a read costs the
 * process several times what a key in it costs. What is asked for together stays together.
 */
export class Gathering<Q extends { readonly addresses: readonly unknown[] }> {
  private waiting: Q[] = [];

  /** `send` gets what goes into one read, in the order in which it came. */
  constructor(private readonly send: (questions: readonly Q[]) => void) {}

  /** `gather`: runs what it is given when all have come who are asked for together. */
  add(question: Q, gather: (send: () => void) => void): void {
    this.waiting.push(question);
    if (this.waiting.length === 1) gather(() => this.flush());
  }

  private flush(): void {
    const { waiting } = this;
    this.waiting = [];
    let from = 0;
    let keys = 0;
    for (let to = 0; to < waiting.length; to++) {
      const { length } = (waiting[to] as Q).addresses;
      if (to > from && keys + length > MAX_KEYS) {
        this.send(waiting.slice(from, to));
        from = to;
        keys = 0;
      }
      keys += length;
    }
    this.send(from === 0 ? waiting : waiting.slice(from));
  }
}
