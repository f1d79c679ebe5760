import type { RedisClient } from '../clients/load-ioredis.js';

/** A server that holds keys. */
export interface Master {
  /** Tells it from the others: `host:port` in a cluster. */
  readonly address: string;
  /** A text that, as the hash tag of a key, makes it belong to this server; `null`: it owns no slot, so no key does. */
  readonly keyTag: string | null;
}

/** The servers that hold the keys at the moment, as the data connections know them. */
export interface Masters {
  /** Empty: they are not known yet. */
  readonly all: readonly Master[];
  /** Is told of every data client before it begins to connect. */
  watch(client: RedisClient): void;
}

/** One server, or the one that sentinels name: whichever it is, all keys are there. */
export const oneMaster: Masters = { all: [{ address: '', keyTag: '' }], watch: () => {} };
