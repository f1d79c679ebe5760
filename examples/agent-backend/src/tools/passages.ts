/** A few lines of a file that belong together. */
export interface Passage {
  readonly path: string;
  /** Its first line, counted from 1. */
  readonly line: number;
  readonly text: string;
}

const TARGET_CHARACTERS = 800;
const MAX_CHARACTERS = 2_000;

/** Cuts a file into passages: at an empty line where there is one in time, and never longer than 2,000 characters. */
export function passagesOf(path: string, content: string): Passage[] {
  const passages: Passage[] = [];
  let lines: string[] = [];
  let characters = 0;
  let start = 1;
  const close = (next: number): void => {
    const text = lines.join('\n').trim();
    if (text) passages.push({ path, line: start, text: text.slice(0, MAX_CHARACTERS) });
    [lines, characters, start] = [[], 0, next];
  };
  for (const [index, line] of content.split('\n').entries()) {
    if (characters > 0 && characters + line.length > MAX_CHARACTERS) close(index + 1);
    lines.push(line);
    characters += line.length + 1;
    if (line.trim() === '' && characters >= TARGET_CHARACTERS) close(index + 2);
  }
  close(0);
  return passages;
}
