/** A version is a UUID; what is longer was put there by another program, and would go into every entry. */
export const MAX_VERSION_LENGTH = 64;
/** Other programs write to a store, too: what is no such text is no version. */
const VERSION = /^[!-~]+$/;

export const isVersion = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_VERSION_LENGTH && VERSION.test(value);

/** The version that stands under a key; `null`: there is none. */
export function versionIn(stored: Buffer | null | undefined): string | null {
  const text = stored?.toString('latin1', 0, MAX_VERSION_LENGTH + 1);
  return isVersion(text) ? text : null;
}
