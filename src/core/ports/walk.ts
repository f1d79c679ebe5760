import { Refusal } from './refusal.js';

/** Levels of the deepest value that is written anywhere. */
export const MAX_DEPTH = 500;
const MAX_PARTS = 1_000_000;

/**
 * One walk through a value, which throws `Refusal` beyond 500 levels or a million parts. The levels are as many as the
 * stack holds of any kind of object. The parts bound the time: an object counts as often as it is met, and 25 arrays
 * that hold each other twice are met 33 million times.
 */
export class Walk {
  private depth = 0;
  private parts = 0;

  /** Goes into an object. */
  enter(): void {
    if (++this.depth > MAX_DEPTH) throw new Refusal(`nested deeper than ${MAX_DEPTH} levels`);
  }

  leave(): void {
    this.depth--;
  }

  /** Meets `parts` more: properties, items or entries. */
  count(parts: number): void {
    this.parts += parts;
    if (this.parts > MAX_PARTS) throw new Refusal(`beyond the first ${MAX_PARTS} parts`);
  }
}
