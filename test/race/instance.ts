import { setTimeout as sleep } from 'node:timers/promises';
import { type ComposedCache, composeCache } from '../../src/composition/compose-cache.js';
import { openStore } from '../../src/composition/open-store.js';
import { systemClock } from '../../src/composition/system-clock.js';
import { CacheEventBus } from '../../src/core/events.js';
import { resolveOptions } from '../../src/core/policy/resolve-options.js';
import { Actor } from './actor.js';
import { Changes } from './changes.js';
import type { ReadRecord } from './checker.js';
import { Loaders } from './loaders.js';
import { type Mutant, MUTATIONS, NO_MUTATION } from './mutants.js';
import { Random } from './random.js';
import { type Batch, Recorder } from './recorder.js';
import { Truth } from './truth.js';
import { nowMs, policyOf, THINGS, type Value } from './world.js';

export interface InstanceSpec {
  readonly index: number;
  /** Where the cache finds Redis; the truth is reached at `port`, past all faults. */
  readonly cachePort: number;
  readonly port: number;
  readonly prefix: string;
  readonly connections: number;
  readonly actors: number;
  /** How much of what changes something its actors do. */
  readonly changeShare: number;
  readonly seed: number;
  readonly mutant: Mutant | null;
}

/** Somebody who takes part in a race: a cache of its own and actors that use it. */
export interface Participant {
  start(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
  take(): Promise<Batch>;
  /** What it reads of everything, twice, while nothing is under way. */
  survey(): Promise<ReadRecord[]>;
  close(): Promise<void>;
}

const PLAIN = { ttl: '1m' } as const;

/** A participant in this process. */
export class Instance implements Participant {
  private readonly truth: Truth;
  private readonly recorder: Recorder;
  private readonly loaders: Loaders;
  private readonly actors: Actor[];
  private isRunning = false;
  private running: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly spec: InstanceSpec,
    private readonly composed: ComposedCache,
  ) {
    const { cache } = composed;
    const { index, seed, prefix } = spec;
    this.truth = new Truth(spec.port);
    this.recorder = new Recorder(index);
    this.loaders = new Loaders(this.truth, this.recorder);
    const changes = new Changes({ cache, truth: this.truth, recorder: this.recorder, prefix });
    const parts = { cache, changes, loaders: this.loaders, recorder: this.recorder, changeShare: spec.changeShare };
    this.actors = Array.from({ length: spec.actors }, (_, actor) => new Actor(new Random(seed, index, actor), parts));
  }

  /** Resolves when its cache stores. */
  static async open(spec: InstanceSpec): Promise<Instance> {
    const { prefix, connections, cachePort } = spec;
    const options = resolveOptions({ prefix, redis: { url: `redis://127.0.0.1:${cachePort}`, connections } });
    const events = new CacheEventBus();
    const mutation = spec.mutant ? MUTATIONS[spec.mutant] : NO_MUTATION;
    const surroundings = { clock: systemClock, events };
    const store = mutation.store(await openStore(options, { ...surroundings, warn: () => undefined, waitMs: 5_000 }));
    const { memory } = mutation;
    const instance = new Instance(spec, composeCache(options, { ...surroundings, store, memory }));
    await instance.untilItStores();
    return instance;
  }

  async start(): Promise<void> {
    this.isRunning = true;
    this.running = Promise.all(this.actors.map((actor) => actor.run(() => this.isRunning)));
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await this.running;
    while (!this.loaders.areIdle) await sleep(5);
    await this.untilItStores();
  }

  async take(): Promise<Batch> {
    return this.recorder.take();
  }

  async survey(): Promise<ReadRecord[]> {
    return [...(await this.readAll()), ...(await this.readAll())];
  }

  async close(): Promise<void> {
    await this.composed.close();
    this.truth.close();
  }

  private readAll(): Promise<ReadRecord[]> {
    const { cache } = this.composed;
    const loader = { beforeMs: 0, afterMs: 0, ending: 'returns' } as const;
    const reads = THINGS.map(async (thing, index): Promise<ReadRecord> => {
      const startedAtMs = nowMs();
      const load = async (): Promise<Value> => (await this.loaders.load([thing.key], loader))[0] as Value;
      const value = await cache.getOrLoad(thing.key, load, policyOf([thing], PLAIN));
      const { status, tier, ageMs } = cache.outcomeOf(value) ?? {};
      const from = `at rest: ${status}, ${tier ?? 'loaded'}, ${ageMs?.toFixed(0)} ms old`;
      return { thing: index, version: value.version, instance: this.spec.index, startedAtMs, from };
    });
    return Promise.all(reads);
  }

  private async untilItStores(): Promise<void> {
    const endMs = nowMs() + 10_000;
    while (!(await this.composed.cache.set(`probe:${this.spec.index}`, 1, PLAIN))) {
      if (nowMs() > endMs) throw new Error(`instance ${this.spec.index} has stored nothing for 10 s`);
      await sleep(20);
    }
  }
}
