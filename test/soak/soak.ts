import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checker, type Violation } from '../race/checker.js';
import type { Mutant } from '../race/mutants.js';
import { Random } from '../race/random.js';
import { Truth } from '../race/truth.js';
import { nowMs } from '../race/world.js';
import { Child } from '../support/child.js';
import { RemoteProxies } from '../support/remote-proxies.js';
import { RedisServer } from '../support/redis-server.js';
import { Faults, type FaultName, SERVER_ARGS } from './faults.js';
import { Latencies } from './latencies.js';
import { Ledger } from './ledger.js';
import type { SoakBatch } from './records.js';
import { reportOf, type SoakReport } from './report.js';
import { type Planned, scheduleOf } from './schedule.js';
import { APART, QUIET, Timeline } from './timeline.js';
import type { BareRecord } from './witness.js';
import type { WorkerSpec } from './worker.js';
import { NAMED, THINGS } from './world.js';

const WORKERS = 2;
const PREFIX = 'soak';
const CALLS_PER_SECOND = 1_000;
const WARM_UP_MS = 3_000;
const TAKE_EVERY_MS = 200;
/** How long an instance that hears nothing may serve from memory, with a margin for looking at clocks. */
const LEASE_MS = 600;
const MOST_EXAMPLES = 20;

export interface SoakOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly mutant?: Mutant | 'deadline';
  /** Default: all. */
  readonly faults?: readonly FaultName[];
  /** Ends as soon as a stale value has been seen. */
  readonly endsAtViolation?: boolean;
  /** Told of each fault that begins. */
  readonly onFault?: (planned: Planned, index: number, count: number) => void;
}

/** A fault that was carried out. Milliseconds since the beginning of the soak. */
export interface CarriedOut {
  readonly fault: FaultName;
  readonly ways: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  /** From its end to the first hit in each worker; `null`: there was none within `healMs`. */
  readonly healedMs: (number | null)[];
  readonly healMs: number;
}

/** All that was seen. */
export interface SoakResult {
  readonly options: SoakOptions;
  readonly seconds: number;
  readonly ledger: Ledger;
  /** Bare commands outside of faults. */
  readonly bare: Latencies;
  readonly counts: Readonly<Record<string, number>>;
  readonly surprises: readonly string[];
  readonly violations: readonly Violation[];
  readonly faults: readonly CarriedOut[];
  /** By worker, at each rest, in the order of time. */
  readonly heldBytes: readonly (readonly number[])[];
  readonly logged: readonly string[];
}

/** Holds one soak on servers and processes of its own. */
export async function holdSoak(options: SoakOptions): Promise<SoakReport> {
  const server = await RedisServer.start({ args: SERVER_ARGS });
  const truthServer = await RedisServer.start();
  const proxies = await RemoteProxies.start();
  const children: Child[] = [];
  const start = async (file: string, nodeOptions: readonly string[] = []): Promise<Child> => {
    const child = await Child.start(resolve(import.meta.dirname, file), nodeOptions);
    children.push(child);
    return child;
  };
  try {
    const workers: Child[] = [];
    for (let index = 0; index < WORKERS; index++) {
      const worker = await start('worker.ts', ['--expose-gc']);
      workers.push(worker);
      const cachePort = await proxies.open(server.port);
      await worker.request('open', {
        ...specOf(options, index),
        cachePort,
        truthPort: truthServer.port,
      } satisfies WorkerSpec);
    }
    const witness = await start('witness.ts');
    await witness.request('open', await proxies.open(server.port));
    const soak = new Soak(options, { server, truthServer, proxies, workers, witness });
    return reportOf(await soak.run());
  } finally {
    server.resume();
    await Promise.all([...children, proxies].map((child) => child.kill()));
    await server.stop();
    await truthServer.stop();
  }
}

const specOf = ({ seed, mutant }: SoakOptions, index: number) => ({
  index,
  seed,
  prefix: PREFIX,
  callsPerSecond: CALLS_PER_SECOND,
  mutant: mutant ?? null,
});

interface SoakParts {
  readonly server: RedisServer;
  readonly truthServer: RedisServer;
  readonly proxies: RemoteProxies;
  readonly workers: readonly Child[];
  readonly witness: Child;
}

class Soak {
  private readonly timeline = new Timeline();
  private readonly ledger = new Ledger(this.timeline);
  private readonly bare = new Latencies();
  private readonly checker = new Checker([...Array(WORKERS).keys()], LEASE_MS);
  private readonly truth: Truth;
  private readonly faults: Faults;
  private readonly random: Random;
  private readonly counts: Record<string, number> = {};
  private readonly surprises: string[] = [];
  private readonly logged: string[] = [];
  private readonly carriedOut: CarriedOut[] = [];
  private readonly heldBytes: number[][] = Array.from({ length: WORKERS }, () => []);
  private readonly startedAtMs = nowMs();
  private healing: CarriedOut | null = null;
  private taking: Promise<void> = Promise.resolve();
  private isOver = false;
  /** What the workers have seen is fetched while all heals: it takes them milliseconds, in which they make no calls. */
  private isTaking = true;
  private isAtRest = false;

  constructor(
    private readonly options: SoakOptions,
    private readonly parts: SoakParts,
  ) {
    this.truth = new Truth(parts.truthServer.port);
    this.random = new Random(options.seed, 99);
    this.faults = new Faults({
      server: parts.server,
      proxies: parts.proxies,
      random: this.random,
      restarted: () => this.watch(),
      deleteOutside: () => this.deleteOutside(),
    });
  }

  async run(): Promise<SoakResult> {
    try {
      this.timeline.begin(APART, nowMs());
      await this.watch();
      await this.each('start');
      const taking = this.takeAlways();
      await sleep(this.options.mutant ? WARM_UP_MS / 3 : WARM_UP_MS);
      await this.carryOutAll();
      await this.rest();
      await this.lookAtRest();
      this.isOver = true;
      await taking;
      await this.take();
      return this.result();
    } finally {
      this.isOver = true;
      this.faults.close();
      this.truth.close();
    }
  }

  private async carryOutAll(): Promise<void> {
    const planned = scheduleOf(this.options.seed, this.options.seconds, this.options.faults);
    for (const [index, each] of planned.entries()) {
      if (this.options.endsAtViolation && this.checker.violations.length > 0) return;
      this.options.onFault?.(each, index, planned.length);
      await this.carryOut(each);
      if (!each.isBeforeRest) continue;
      await this.rest();
      this.isTaking = false;
      await this.each('start');
      await sleep(TAKE_EVERY_MS);
    }
  }

  private async carryOut({ fault, ways, forMs, healMs, quietMs }: Planned): Promise<void> {
    const fromMs = nowMs();
    this.timeline.begin({ name: 'fault', fault }, fromMs);
    await this.faults.run(fault, ways, forMs);
    const toMs = nowMs();
    this.isTaking = true;
    const healing = { fault, ways, fromMs, toMs, healMs, healedMs: Array<number | null>(WORKERS).fill(null) };
    this.carriedOut.push(healing);
    this.healing = healing;
    await sleep(healMs);
    this.isTaking = false;
    await this.taking;
    this.timeline.begin(QUIET, nowMs());
    await sleep(quietMs);
  }

  /** What is held is measured while nothing is under way. */
  private async rest(): Promise<void> {
    this.timeline.begin(APART, nowMs());
    this.isTaking = true;
    await this.take();
    const held = await this.each<number>('rest');
    held.forEach((bytes, worker) => this.heldBytes[worker]?.push(bytes));
  }

  /** By now, all that was not confirmed at first must be. */
  private async lookAtRest(): Promise<void> {
    await sleep(LEASE_MS + 1_000);
    await this.take();
    this.isAtRest = true;
    for (let time = 0; time < 2; time++) await this.each('survey');
    await this.take();
  }

  private async takeAlways(): Promise<void> {
    while (!this.isOver) {
      await sleep(TAKE_EVERY_MS);
      if (this.isTaking) await this.take();
    }
  }

  /** One at a time: what was taken earlier is learnt earlier. */
  private take(): Promise<void> {
    this.taking = this.taking.then(() => this.takeNow());
    return this.taking;
  }

  private async takeNow(): Promise<void> {
    const batches = await this.each<SoakBatch>('take');
    for (const [worker, batch] of batches.entries()) this.learn(worker, batch);
    for (const record of await this.parts.witness.request<BareRecord[]>('take')) this.learnBare(record);
    const knownUpToMs = Math.min(...batches.map(({ upToMs }) => upToMs));
    this.checker.advance(knownUpToMs);
    this.ledger.advance(knownUpToMs);
  }

  private learn(worker: number, batch: SoakBatch): void {
    for (const each of batch.acknowledged) this.checker.acknowledge(each);
    for (const each of batch.reads) {
      if (this.isAtRest) this.checker.judgeQuiescent(each);
      else this.checker.read(each);
    }
    for (const [name, count] of Object.entries(batch.counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
    this.surprises.push(...batch.surprises.slice(0, MOST_EXAMPLES - this.surprises.length));
    this.logged.push(...batch.logged.map((line) => `worker ${worker}: ${line}`));
    this.ledger.learn(batch);
    this.healedBy(worker, batch);
  }

  private learnBare({ startedAtMs, endedAtMs, queuedMs }: BareRecord): void {
    if (this.timeline.of(startedAtMs, endedAtMs) !== QUIET) return;
    this.bare.add(Math.max(0, endedAtMs - startedAtMs - queuedMs));
  }

  private healedBy(worker: number, { calls }: SoakBatch): void {
    const { healing } = this;
    if (!healing || healing.healedMs[worker] !== null) return;
    const hit = calls.find((call) => call.hit !== null && call.startedAtMs > healing.toMs);
    const healedMs = hit ? hit.endedAtMs - healing.toMs : Infinity;
    if (healedMs <= healing.healMs) healing.healedMs[worker] = healedMs;
  }

  private async watch(): Promise<void> {
    const peers = [this.parts.proxies.processId, this.parts.server.pid ?? 0];
    await Promise.all([this.each('watch', peers), this.parts.witness.request('watch', peers)]);
  }

  /** Somebody else changes what is true and deletes the cached copy. */
  private async deleteOutside(): Promise<void> {
    const thing = this.random.of(NAMED);
    const [version = 0] = await this.truth.change([thing.name], [thing.name]);
    await this.parts.server.command('DEL', `${PREFIX}:${thing.name}`);
    this.checker.acknowledge({ thing: thing.index, version, instance: 0, atMs: nowMs(), form: 'outside' });
  }

  private each<T>(request: string, argument?: unknown): Promise<T[]> {
    return Promise.all(this.parts.workers.map((worker) => worker.request<T>(request, argument)));
  }

  private result(): SoakResult {
    const { options, ledger, bare, counts, surprises, heldBytes, logged, startedAtMs } = this;
    const since = (ms: number): number => ms - startedAtMs;
    return {
      options,
      seconds: since(nowMs()) / 1_000,
      ledger,
      bare,
      counts,
      surprises,
      violations: this.checker.violations,
      faults: this.carriedOut.map((each) => ({ ...each, fromMs: since(each.fromMs), toMs: since(each.toMs) })),
      heldBytes,
      logged,
    };
  }
}

/** For people. */
export function describeViolation({ kind, read, missed }: Violation): string {
  const later = (read.startedAtMs - missed.atMs).toFixed(1);
  return (
    `${kind}: worker ${read.instance} read ${THINGS[read.thing]?.name} as version ${read.version} (${read.from}), ` +
    `${later} ms after worker ${missed.instance} had made all before ${missed.version} unusable (${missed.form})`
  );
}
