/** A method of strings that TypeScript's library for ES2023 does not know yet. */
interface WellFormedText {
  isWellFormed(): boolean;
}

/** Whether UTF-8 can carry the text: it has no lone surrogates. */
export const isWellFormed = (text: string): boolean => (text as unknown as WellFormedText).isWellFormed();
