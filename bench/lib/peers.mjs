/**
 * What each row has to reach, and what the best of the other caches once reached, where `bench/peers` does not measure it.
 *
 * Source of every figure: one run of the peers (bentocache, @nestjs/cache-manager, cacheable, async-cache-dedupe,
 * layered-loader; key libraries for keys) beside the bare parts, Node 24, two shared cores, Redis 7.0.15 on the same
 * machine, medians of five interleaved rounds. Absolute figures do not carry over to another machine, ratios do: a peer's
 * ratio is its figure divided by that of the bare parts in that run.
 *
 * A figure is `{ ratio }` of ours to the limit, `{ value }` of ours alone where there is nothing to compare it with (a
 * count, a promised time), or `{ plus }`, in the row's unit, above the limit. `peer: null`: none was measured.
 */
export const GOALS = {
  'memory hit, 8 KB': { target: { ratio: 1 }, peer: { ratio: 77 / 687 } },
  'memory hit, 600 B': { target: { ratio: 1 }, peer: { ratio: 393 / 2_750 } },
  'decorated hit': { target: { ratio: 1.3 }, peer: null },
  'redis hit, 600 B': { target: { ratio: 0.9 }, peer: { ratio: 97 / 139 } },
  'redis hit, 8 KB': { target: { ratio: 0.9 }, peer: { ratio: 39 / 39 } },
  'redis hit, 64 KB': { target: { ratio: 0.9 }, peer: { ratio: 3.5 / 3.7 } },
  'redis hit, 600 B, CPU': { target: { ratio: 1.15 }, peer: { ratio: 10.1 / 7.3 } },
  'redis hit, 8 KB, CPU': { target: { ratio: 1.15 }, peer: { ratio: 26 / 26 } },
  'redis hit, 64 KB, CPU': { target: { ratio: 1.15 }, peer: { ratio: 299 / 283 } },
  // The limit was 101 to 150 k/s from run to run: the lowest is the peer's best case.
  embedding: { target: { ratio: 0.8 }, peer: { ratio: 14 / 101 } },
  'embedding batch': { target: { ratio: 1.15 }, peer: { ratio: 43 / 14 } },
  'embedding batch, loader calls': { target: { value: 1 }, peer: { value: 1 } },
  'tags, hit': { target: { ratio: 0.8 }, peer: { ratio: 0.16 } },
  // Other commands than those of hits, such as the cache's own once in a while, must not count as one.
  'tags, commands per hit': { target: { value: 0.01 }, peer: { value: 0.01 } },
  'tags, commands to invalidate': { target: { value: 1 }, peer: { value: 2 } },
  'tags, time to invalidate': { target: null, peer: null },
  'redis away, one call': { target: { plus: 0.1 }, peer: { ratio: 1.14 / 1.09 } },
  'redis away, 1,000 at once': { target: { ratio: 1.5 }, peer: { ratio: 33 / 9 } },
  'redis hangs, first call': { target: { value: 105 }, peer: { value: 101 } },
  'redis hangs, later call': { target: { plus: 0.1 }, peer: { ratio: 1.16 / 1.1 } },
  'redis hangs, 1,000 at once': { target: { ratio: 1.5 }, peer: { ratio: 52 / 9 } },
  'redis goes on': { target: { value: 50 }, peer: null },
  'cold key, one process': { target: { value: 1 }, peer: { value: 1 } },
  'cold key, four processes': { target: { value: 1 }, peer: { value: 4 } },
  'key, 200 B': { target: { ratio: 1.4 }, peer: { ratio: 1.7 } },
  'key, 2 KB': { target: { ratio: 1.4 }, peer: { ratio: 1.3 } },
  'key, 64 KB': { target: { ratio: 1.4 }, peer: { ratio: 1.6 } },
  'invalidated elsewhere': { target: { value: 0.15 }, peer: { value: 0.14 } },
  // No peer's memory ever notices.
  'deleted outside': { target: { ratio: 0.1 / 0.05 }, peer: { value: Infinity } },
  'start-up': { target: { ratio: 75 / 64 }, peer: { ratio: 64 / 64 } },
};
