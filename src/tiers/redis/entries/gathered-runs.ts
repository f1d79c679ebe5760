import type { Reply } from '../../../core/ports/store.js';

interface Waiting<Item, Answer> {
  readonly items: readonly Item[];
  readonly answered: (reply: Reply<Answer[]>) => void;
}

/**
 * Gathers what different callers ask for in one step of a turn of the event loop. What one asks for stays together; who is sent
 * together shares a failure.
 */
export class GatheredRuns<Item, Answer> {
  private waiting: Waiting<Item, Answer>[] = [];

  /** `send` gets `most` items at once, or more that one caller asks for, and must not reject. */
  constructor(
    private readonly most: number,
    private readonly send: (items: readonly Item[]) => Promise<Reply<Answer[]>>,
  ) {}

  /** In the order of the items. */
  add(items: readonly Item[]): Promise<Reply<Answer[]>> {
    return new Promise((answered) => {
      this.waiting.push({ items, answered });
      // With those whom one answer lets ask, and before anything that those ask next who are answered by then.
      if (this.waiting.length === 1) queueMicrotask(() => this.flush());
    });
  }

  private flush(): void {
    const { waiting } = this;
    this.waiting = [];
    let from = 0;
    let count = 0;
    for (const [to, { items }] of waiting.entries()) {
      if (to > from && count + items.length > this.most) {
        void this.sendOf(waiting.slice(from, to));
        from = to;
        count = 0;
      }
      count += items.length;
    }
    void this.sendOf(waiting.slice(from));
  }

  private async sendOf(together: readonly Waiting<Item, Answer>[]): Promise<void> {
    const [only] = together;
    const reply = await this.send(only && together.length === 1 ? only.items : together.flatMap(({ items }) => items));
    let from = 0;
    for (const { items, answered } of together) {
      answered(reply.ok ? { ...reply, value: reply.value.slice(from, from + items.length) } : reply);
      from += items.length;
    }
  }
}
