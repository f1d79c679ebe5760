/** What an entry takes besides its key and value, in bytes: objects, table slots and list links, as measured. */
export const ENTRY_OVERHEAD_BYTES = 512;

/** Size of an entry under `key`, in bytes. `bytes`: of its value. */
export const sizeOfEntry = (key: string, bytes: number): number =>
  ENTRY_OVERHEAD_BYTES + Buffer.byteLength(key) + bytes;

/** Bounds for the library's cache; `null`: nothing fits. `maxEntries`: default, no bound but `maxBytes`. */
export function lruRoomOf(maxBytes: number, maxEntries?: number): { maxSize: number; max?: number } | null {
  // The library reserves its lists for `max` entries at once, so a number that can never be reached must not get there.
  const fitting = Math.floor(maxBytes / ENTRY_OVERHEAD_BYTES);
  const max = maxEntries === undefined ? {} : { max: Math.min(maxEntries, fitting) };
  return fitting < 1 || max.max === 0 ? null : { ...max, maxSize: maxBytes };
}
