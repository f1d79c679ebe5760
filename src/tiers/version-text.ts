/** Other programs write to a store, too: what is no such text is no version. */
const VERSION = /^[!-~]+$/;

export const isVersion = (value: unknown): value is string => typeof value === 'string' && VERSION.test(value);

/** The version that stands under a key; `null`: there is none. */
export function versionIn(stored: Buffer | null | undefined): string | null {
  const text = stored?.toString('latin1');
  return isVersion(text) ? text : null;
}
