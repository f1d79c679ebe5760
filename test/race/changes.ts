import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentCache } from '../../src/core/cache.js';
import type { ChangePlan, Lifetime } from './plan.js';
import type { Recorder } from './recorder.js';
import type { Truth } from './truth.js';
import { policyOf, type Thing, THINGS, type Value } from './world.js';

interface ChangesParts {
  readonly cache: AgentCache;
  readonly truth: Truth;
  readonly recorder: Recorder;
  /** First part of the keys of the cache. */
  readonly prefix: string;
}

type ChangeOfOne = Extract<ChangePlan, { readonly thing: number }>;

/** Changes what is true and then tells the cache, in one of the ways that there are. */
export class Changes {
  constructor(private readonly parts: ChangesParts) {}

  async make(plan: ChangePlan, lifetime: Lifetime): Promise<void> {
    const locked = 'group' in plan ? plan.locked : plan.thing;
    const thing = THINGS[locked ?? -1];
    if (!thing?.isSettable) return this.carryOut(plan, lifetime);
    const isDone = await this.parts.truth.whileLocked(thing.key, () => this.carryOut(plan, lifetime));
    if (!isDone) this.parts.recorder.count('locked out');
  }

  private async carryOut(plan: ChangePlan, lifetime: Lifetime): Promise<void> {
    const { cache, recorder } = this.parts;
    if (!('group' in plan)) return this.changeOne(plan, thingAt(plan.thing), lifetime);
    const { target, covered } = plan.group;
    const versions = await this.change(plan.changed, covered);
    const { acknowledged } = await cache.invalidate(target);
    this.count(plan.form, acknowledged);
    if (acknowledged) recorder.acknowledge(covered, versions, plan.form);
  }

  private async changeOne(plan: ChangeOfOne, thing: Thing, lifetime: Lifetime): Promise<void> {
    const { recorder } = this.parts;
    if (plan.form === 'writeThrough') return this.writeThrough(plan, lifetime);
    const [version = 0] = await this.change(plan.changed, [plan.thing]);
    const isAcknowledged = await this.tell(plan.form, thing, { key: thing.key, version }, lifetime);
    this.count(plan.form, isAcknowledged);
    if (isAcknowledged) recorder.acknowledge([plan.thing], [version], plan.form);
  }

  private async tell(form: string, { key }: Thing, value: Value, lifetime: Lifetime): Promise<boolean> {
    const { cache, truth, prefix } = this.parts;
    if (form === 'set') return cache.set(key, value, policyOf([thingOf(key)], lifetime));
    if (form === 'delete') return cache.delete(key);
    if (form === 'key') return (await cache.invalidate({ key })).acknowledged;
    await truth.deleteOutside([`${prefix}:${key}`]);
    return true;
  }

  /** What is persisted is true from then on, whether the cache keeps it or not. */
  private async writeThrough({ thing: index, answerMs }: ChangeOfOne, lifetime: Lifetime): Promise<void> {
    const thing = thingAt(index);
    const value = { key: thing.key, version: 0 };
    const persist = async (): Promise<void> => {
      [value.version = 0] = await this.change([index], [index]);
      await sleep(answerMs);
    };
    await this.parts.cache.writeThrough(thing.key, value, persist, policyOf([thing], lifetime));
    this.parts.recorder.count('change writeThrough');
  }

  /** Resolves to the versions of `covered`. */
  private change(changed: readonly number[], covered: readonly number[]): Promise<number[]> {
    const keysOf = (things: readonly number[]): string[] => things.map((thing) => thingAt(thing).key);
    return this.parts.truth.change(keysOf(changed), keysOf(covered));
  }

  private count(form: string, isAcknowledged: boolean): void {
    this.parts.recorder.count(isAcknowledged ? `change ${form}` : `unconfirmed ${form}`);
  }
}

const thingAt = (index: number): Thing => THINGS[index] as Thing;
const thingOf = (key: string): Thing => THINGS.find((thing) => thing.key === key) as Thing;
