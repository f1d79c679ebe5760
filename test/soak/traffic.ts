import { isDeepStrictEqual } from 'node:util';
import type { AgentCache } from '../../src/core/cache.js';
import type { InvalidationTarget } from '../../src/core/policy/cache-policy.js';
import type { Random } from '../race/random.js';
import type { Recorder } from '../race/recorder.js';
import type { Truth } from '../race/truth.js';
import { nowMs } from '../race/world.js';
import type { Loaders } from './loaders.js';
import type { CallRecord } from './records.js';
import { contextRequest, type Services, vectorOf } from './services.js';
import {
  BY_WAY,
  GROUPS,
  isValue,
  NAMED,
  policyOf,
  type Thing,
  THINGS,
  type Value,
  valueOf,
  type Way,
} from './world.js';

/** What a call came to. */
export type Done = Pick<CallRecord, 'things' | 'hit' | 'sourceMs'>;

/** How often each is called, in comparison. */
const WEIGHTS = {
  direct: 300,
  stored: 120,
  settable: 60,
  method: 150,
  tool: 100,
  context: 80,
  many: 30,
  get: 60,
  getMany: 10,
  embeddings: 50,
  cold: 20,
  set: 6,
  invalidateKey: 6,
  delete: 2,
  invalidateGroup: 2,
};
export type Kind = keyof typeof WEIGHTS;

/** What makes values unusable, and how many times as often where the parts of the engine are tested that keep them out. */
const CHANGES: readonly Kind[] = ['set', 'invalidateKey', 'delete', 'invalidateGroup'];
const CONTENDED_TIMES = 12;

const MANY = 8;
const TEXTS = 200;
/** Share of the calls that go to a fifth of the things. */
const HOT_SHARE = 0.6;

const NOTHING: Done = { things: [], hit: null, sourceMs: 0 };

interface TrafficParts {
  readonly instance: number;
  readonly cache: AgentCache;
  /** `null`: a cache without an app; what would be asked of decorated methods is asked of the cache. */
  readonly services: Services | null;
  readonly loaders: Loaders;
  readonly truth: Truth;
  readonly recorder: Recorder;
  readonly random: Random;
  /** Much is changed, and little else. */
  readonly isContended: boolean;
}

/** Calls of all kinds, as their seed determines. What they come to is judged elsewhere. */
export class Traffic {
  private coldCount = 0;
  /** Of what this instance alone sets. */
  private readonly beingSet = new Set<number>();

  private readonly weights: Record<Kind, number>;

  constructor(private readonly parts: TrafficParts) {
    this.weights = { ...WEIGHTS };
    if (parts.isContended) for (const kind of CHANGES) this.weights[kind] *= CONTENDED_TIMES;
  }

  /** What is called next. */
  next(): Kind {
    return this.parts.random.weighted(this.weights);
  }

  /** Never rejects. */
  async call(kind: Kind): Promise<Done> {
    try {
      return await this.make(kind);
    } catch (error) {
      this.parts.recorder.count('errors');
      this.parts.recorder.surprise(`error of ${kind}: ${error instanceof Error ? error.stack : String(error)}`);
      return NOTHING;
    }
  }

  /** Reads all things, in the ways they are cached. */
  async survey(): Promise<void> {
    for (const way of Object.keys(BY_WAY) as Way[]) {
      await Promise.all(BY_WAY[way].map((thing) => this.read(thing, 'at rest')));
    }
  }

  private make(kind: Kind): Promise<Done> {
    switch (kind) {
      case 'many':
        return this.many();
      case 'get':
        return this.get(1);
      case 'getMany':
        return this.get(MANY);
      case 'embeddings':
        return this.embeddings();
      case 'cold':
        return this.cold();
      case 'set':
        return this.set();
      case 'delete':
        return this.changeOne('delete', async (name) => this.parts.cache.delete(name));
      case 'invalidateKey':
        return this.changeOne('key', (name) => this.tell({ key: name }));
      case 'invalidateGroup':
        return this.invalidateGroup();
      default:
        return this.read(this.pick(BY_WAY[this.parts.services ? kind : 'direct']), kind);
    }
  }

  /** Some are asked for more often than others. */
  private pick(things: readonly Thing[]): Thing {
    const { random } = this.parts;
    const from = random.chance(HOT_SHARE) ? things.slice(0, Math.ceil(things.length / 5)) : things;
    return random.of(from);
  }

  private async read(thing: Thing, how: string): Promise<Done> {
    const startedAtMs = nowMs();
    const found = await this.ask(thing);
    return this.judge([thing], [found], startedAtMs, how);
  }

  private async ask(thing: Thing): Promise<Value> {
    const { cache, services, loaders } = this.parts;
    if (services && thing.way === 'method') return services.report(thing.number);
    if (services && thing.way === 'tool')
      return services.execute({ tool: 'read_thing', params: { number: thing.number } });
    if (services && thing.way === 'context') {
      const built = await services.context(contextRequest(thing));
      const value = built.messages[0] as Value;
      cache.adoptOutcome(value, built);
      return value;
    }
    return cache.getOrLoad(thing.name, () => loaders.load(thing), policyOf(thing));
  }

  /** Of one tag, because what is loaded together is in the groups of all. */
  private async many(): Promise<Done> {
    const { cache, loaders } = this.parts;
    const part = this.pick(BY_WAY.direct).number % 4;
    const things = BY_WAY.direct.filter(({ number }) => number % 4 === part).slice(0, MANY);
    const byName = new Map(things.map((thing) => [thing.name, thing]));
    const load = (missing: string[]) => loaders.loadMany(missing.map((name) => byName.get(name) as Thing));
    const startedAtMs = nowMs();
    const found = await cache.getOrLoadMany([...byName.keys()], load, policyOf(things[0] as Thing));
    return this.judge(things, found, startedAtMs, 'many');
  }

  /** Never loads. */
  private async get(count: number): Promise<Done> {
    const first = this.pick(NAMED);
    const things = count === 1 ? [first] : BY_WAY.direct.slice(0, count);
    const startedAtMs = nowMs();
    const names = things.map(({ name }) => name);
    const found = await this.parts.cache.getMany<Value>(names, policyOf(things[0] as Thing));
    const present = things.filter((_, index) => found[index] !== undefined);
    return this.judge(
      present,
      found.filter((value) => value !== undefined),
      startedAtMs,
      'get',
    );
  }

  private async embeddings(): Promise<Done> {
    const { services, recorder, random } = this.parts;
    if (!services) return this.read(this.pick(BY_WAY.direct), 'direct');
    const texts = Array.from({ length: 3 }, () => `text number ${random.integer(1, TEXTS)}`);
    const found = await services.embed(texts);
    if (!isDeepStrictEqual(found, texts.map(vectorOf))) this.wrong(`vectors of ${texts.join()}`, found);
    recorder.count('reads of vectors');
    return NOTHING;
  }

  /** Nobody has asked for it before, nor will again. */
  private async cold(): Promise<Done> {
    const { cache, instance } = this.parts;
    const name = `cold:${instance}-${this.coldCount++}`;
    const found = await cache.getOrLoad(name, async () => valueOf(name, 1), { ttl: '5s' });
    if (!isValue(found, name)) this.wrong(name, found);
    return NOTHING;
  }

  /** What is set counts as true from the call on, so that nobody else may set it meanwhile. */
  private async set(): Promise<Done> {
    const { cache, recorder, instance } = this.parts;
    const thing = this.pick(BY_WAY.settable.filter(({ number }) => number % 2 === instance));
    if (this.beingSet.has(thing.index)) return NOTHING;
    this.beingSet.add(thing.index);
    try {
      const { versions, sourceMs } = await this.change([thing.index]);
      const [version = 0] = versions;
      const isSet = await cache.set(thing.name, valueOf(thing.name, version), policyOf(thing));
      recorder.count(isSet ? 'set' : 'not set');
      if (isSet) recorder.acknowledge([thing.index], [version], 'set');
      return { ...NOTHING, sourceMs };
    } finally {
      this.beingSet.delete(thing.index);
    }
  }

  private async changeOne(form: string, tell: (name: string) => Promise<boolean>): Promise<Done> {
    const thing = this.pick(NAMED);
    const { versions, sourceMs } = await this.change([thing.index]);
    this.told([thing.index], versions, form, await tell(thing.name));
    return { ...NOTHING, sourceMs };
  }

  private async invalidateGroup(): Promise<Done> {
    const { target, covered } = this.parts.random.of(GROUPS);
    const { versions, sourceMs } = await this.change(covered);
    this.told(covered, versions, Object.keys(target)[0] ?? '', await this.tell(target));
    return { ...NOTHING, sourceMs };
  }

  /** Of what is true. */
  private async change(things: readonly number[]): Promise<{ versions: number[]; sourceMs: number }> {
    const startedAtMs = nowMs();
    const names = things.map((index) => THINGS[index]?.name ?? '');
    const versions = await this.parts.truth.change(names, names);
    return { versions, sourceMs: nowMs() - startedAtMs };
  }

  private async tell(target: InvalidationTarget): Promise<boolean> {
    return (await this.parts.cache.invalidate(target)).acknowledged;
  }

  /** What was not confirmed still holds for who has asked for it. */
  private told(things: readonly number[], versions: readonly number[], form: string, isConfirmed: boolean): void {
    this.parts.recorder.count(isConfirmed ? `invalidated by ${form}` : `unconfirmed ${form}`);
    if (isConfirmed) this.parts.recorder.acknowledge(things, versions, form);
    else if (form !== 'delete') this.parts.recorder.acknowledge(things, versions, 'unconfirmed');
  }

  private judge(things: readonly Thing[], found: readonly unknown[], startedAtMs: number, how: string): Done {
    const { cache, recorder } = this.parts;
    let hit: Done['hit'] = found.length > 0 ? 'memory' : null;
    for (const [index, thing] of things.entries()) {
      const value = found[index];
      const { status, tier, ageMs } = cache.outcomeOf(value) ?? {};
      if (status !== 'hit') hit = null;
      else if (tier !== 'memory' && hit !== null) hit = 'redis';
      if (!isValue(value, thing.name)) this.wrong(thing.name, value);
      else
        recorder.read(
          thing.index,
          value.version,
          startedAtMs,
          `${how}: ${status}, ${tier ?? 'loaded'}, ${ageMs?.toFixed(0)} ms old`,
        );
    }
    if (hit !== null) recorder.count(`hits in ${hit}`);
    return { ...NOTHING, things: things.map(({ index }) => index), hit };
  }

  private wrong(what: string, found: unknown): void {
    this.parts.recorder.count('wrong');
    this.parts.recorder.surprise(`wrong: ${what} was answered ${JSON.stringify(found)?.slice(0, 200)}`);
  }
}
