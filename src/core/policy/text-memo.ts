const MAX_LENGTH = 200;

/** What was made of texts, so that it need not be made again. Past its bound, all of it is forgotten. */
export class TextMemo<T extends string | number> {
  private readonly made = new Map<string, T>();

  /** `make` must answer the same for the same text. What it throws is not kept. */
  constructor(
    private readonly make: (text: string) => T,
    private readonly maxCount = 4_096,
    private readonly maxLength = MAX_LENGTH,
  ) {}

  /** What was made of longer texts, by default of more than 200 characters, is made anew each time. */
  of(text: string): T {
    const known = this.made.get(text);
    if (known !== undefined) return known;
    const made = this.make(text);
    if (text.length > this.maxLength) return made;
    if (this.made.size >= this.maxCount) this.made.clear();
    this.made.set(text, made);
    return made;
  }
}
