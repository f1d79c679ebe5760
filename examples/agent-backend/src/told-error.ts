/** An error whose message is meant for whoever asked: it says what was wrong, or what to check. */
export abstract class ToldError extends Error {
  abstract readonly code: string;
}
