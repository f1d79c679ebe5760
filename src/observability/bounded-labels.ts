/** What stands for all labels beyond the bound. */
export const OTHER = 'other';

const MAX_LENGTH = 64;

/**
 * Turns texts that may be anything into a bounded number of short labels: the first `max` different ones keep their
 * name, cut to 64 characters, and the rest is `other`.
 */
export class BoundedLabels {
  private readonly labels = new Set<string>();

  constructor(private readonly max: number) {}

  of(text: unknown): string {
    if (typeof text !== 'string' || text === '') return OTHER;
    const label = text.slice(0, MAX_LENGTH);
    if (this.labels.has(label)) return label;
    if (this.labels.size >= this.max) return OTHER;
    this.labels.add(label);
    return label;
  }

  /** The label that a text has already been given; `null` if none. */
  find(text: string): string | null {
    const label = text.slice(0, MAX_LENGTH);
    return this.labels.has(label) ? label : null;
  }

  reset(): void {
    this.labels.clear();
  }
}
