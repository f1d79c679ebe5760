const SECOND_NS = 1_000_000_000n;
/**
 * Stamps are taken from a clock that the kernel moves up to every 10 ms, and a busy virtual machine moves late: five of those.
 */
const FINE_NS = 50_000_000n;
/** FAT keeps every other second, and others whole ones. */
const COARSE_NS = 2n * SECOND_NS + FINE_NS;

/**
 * Whether whatever happens from `nowNs` on is given a later stamp than this one. A stamp of a whole second is taken for one
 * of a file system that keeps no finer ones; one in the future is never settled.
 */
export function isSettled(stampNs: bigint, nowNs: bigint): boolean {
  return stampNs + (stampNs % SECOND_NS === 0n ? COARSE_NS : FINE_NS) <= nowNs;
}
