import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { AgentCache } from '../../src/core/cache.js';
import type { Loader } from '../../src/core/policy/cache-policy.js';
import type { Changes } from './changes.js';
import { type Loaders, PlannedFailure } from './loaders.js';
import { type Plan, planOf } from './plan.js';
import type { Random } from './random.js';
import type { Recorder } from './recorder.js';
import { nowMs, policyOf, type Thing, THINGS, type Value } from './world.js';

export interface ActorParts {
  readonly cache: AgentCache;
  readonly loaders: Loaders;
  readonly changes: Changes;
  readonly recorder: Recorder;
  /** How much of what changes something it does. What it changes itself, it never sees late. */
  readonly changeShare: number;
}

/** Changes come in bursts, with time between them in which what is stale would show. Milliseconds. */
const PHASE_MS = 1_500;
const isBusy = (): boolean => Math.floor(nowMs() / PHASE_MS) % 2 === 0;
/** How many of the changes that are planned happen outside of bursts. */
const CALM_SHARE = 0.04;

/** Does one thing after another with a cache and records what it sees. */
export class Actor {
  constructor(
    private readonly random: Random,
    private readonly parts: ActorParts,
  ) {}

  async run(isWanted: () => boolean): Promise<void> {
    while (isWanted()) {
      const plan = planOf(this.random);
      const isCalmOne = this.random.chance(CALM_SHARE);
      const isMade = this.random.chance(this.parts.changeShare);
      await (plan.thinkMs === 0 ? setImmediate() : sleep(plan.thinkMs));
      if (!isMade && isDisturbing(plan)) continue;
      if (plan.do === 'change' && !isCalmOne && !isBusy()) continue;
      try {
        await this.carryOut(plan);
      } catch (error) {
        this.parts.recorder.surprise(`${plan.do}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
  }

  private async carryOut(plan: Plan): Promise<void> {
    if (plan.do === 'change') return this.parts.changes.make(plan.change, plan.lifetime);
    const startedAtMs = nowMs();
    const values = await (plan.do === 'get' ? this.get(plan) : this.load(plan));
    for (const [index, value] of values.entries()) {
      if (value) this.record(plan.things[index] as number, value, startedAtMs, plan.do);
      else this.parts.recorder.count('absent');
    }
  }

  private async get({ things, isNamed }: Plan & { do: 'get' }): Promise<(Value | undefined)[]> {
    const { cache } = this.parts;
    return Promise.all(
      thingsAt(things).map((thing) => cache.get<Value>(thing.key, isNamed ? policyOf([thing], { ttl: '1s' }) : {})),
    );
  }

  private async load({ things, load, lifetime }: Plan & { do: 'load' }): Promise<Value[]> {
    const { cache, loaders, recorder } = this.parts;
    const policy = policyOf(thingsAt(things), lifetime);
    const keys = thingsAt(things).map(({ key }) => key);
    try {
      if (keys.length > 1) return await cache.getOrLoadMany(keys, (missing) => loaders.load(missing, load), policy);
      const loader: Loader<Value> = async (own) => (await loaders.load(keys, load, own))[0] as Value;
      return [await cache.getOrLoad(keys[0] ?? '', loader, policy)];
    } catch (error) {
      if (!(error instanceof PlannedFailure)) throw error;
      recorder.count('failures');
      return [];
    }
  }

  /** What it gets is its own: it may change it, and nobody else may see that. */
  private record(thing: number, value: Value, startedAtMs: number, how: string): void {
    const { cache, recorder } = this.parts;
    if (value.key !== THINGS[thing]?.key || value.version < 0) {
      return recorder.surprise(`${how} of ${THINGS[thing]?.key} answered ${JSON.stringify(value)}`);
    }
    const { status, tier, ageMs } = cache.outcomeOf(value) ?? {};
    recorder.count(status ? `${status} ${tier ?? 'loader'}` : 'unknown outcome');
    recorder.read(
      thing,
      value.version,
      startedAtMs,
      `${how}: ${status}, ${tier ?? 'loaded'}, ${ageMs?.toFixed(0)} ms old`,
    );
    value.version = SPOILT;
  }
}

/** Of several keys loaded together each is in the groups of all, so that it is loaded again for who asks in other company. */
const isDisturbing = (plan: Plan): boolean => plan.do === 'change' || plan.things.length > 1;

/** What an actor writes into a value that it has got. */
const SPOILT = -1;
const thingsAt = (indexes: readonly number[]): Thing[] => indexes.flatMap((index) => THINGS[index] ?? []);
