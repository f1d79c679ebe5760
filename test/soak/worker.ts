import { NestFactory } from '@nestjs/core';
import { type LoggerService, Module } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { composeCache } from '../../src/composition/compose-cache.js';
import { openStore } from '../../src/composition/open-store.js';
import { systemClock } from '../../src/composition/system-clock.js';
import { AgentCache } from '../../src/core/cache.js';
import { CacheEventBus } from '../../src/core/events.js';
import type { CacheOptions } from '../../src/core/policy/options.js';
import { resolveOptions } from '../../src/core/policy/resolve-options.js';
import { CacheModule } from '../../src/nest/cache.module.js';
import { connectLog } from '../../src/observability/cache-log.js';
import { type Mutant, MUTATIONS } from '../race/mutants.js';
import { Random } from '../race/random.js';
import { Recorder } from '../race/recorder.js';
import { Truth } from '../race/truth.js';
import { nowMs } from '../race/world.js';
import { serve } from '../support/child-side.js';
import { Loaders } from './loaders.js';
import { OpenLoop, type RunQueues } from './open-loop.js';
import type { SoakBatch } from './records.js';
import { RunQueue } from '../support/run-queue.js';
import { Services, TOOLS } from './services.js';
import { Traffic } from './traffic.js';

export interface WorkerSpec {
  readonly index: number;
  readonly seed: number;
  /** Where the cache finds Redis. */
  readonly cachePort: number;
  readonly truthPort: number;
  readonly prefix: string;
  readonly callsPerSecond: number;
  /** `deadline`: the cache waits for Redis for as long as it takes. */
  readonly mutant: Mutant | 'deadline' | null;
}

const COLLECTIONS = 3;

interface Opened {
  readonly cache: AgentCache;
  readonly services: Services | null;
}

/** Half of the traffic of a soak. */
class Worker {
  private readonly queues: RunQueues = { own: new RunQueue(), peers: new RunQueue() };
  private readonly recorder: Recorder;
  private readonly loop: OpenLoop;
  private readonly traffic: Traffic;

  private constructor(
    spec: WorkerSpec,
    private readonly loaders: Loaders,
    { cache, services }: Opened,
    truth: Truth,
    private readonly logged: string[],
  ) {
    this.queues.own.watch([process.pid]);
    this.recorder = new Recorder(spec.index);
    const random = new Random(spec.seed, spec.index);
    const common = { cache, services, loaders, truth, random, recorder: this.recorder };
    const isContended = spec.mutant !== null && spec.mutant !== 'deadline';
    this.traffic = new Traffic({ ...common, instance: spec.index, isContended });
    this.loop = new OpenLoop(this.traffic, this.queues, spec.callsPerSecond);
    const surprise = (what: string, error: unknown): void => {
      this.recorder.count(what);
      this.recorder.surprise(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
    };
    process.on('unhandledRejection', (error) => surprise('unhandled rejections', error));
    process.on('warning', (warning) => surprise('warnings of the process', warning));
  }

  static async open(spec: WorkerSpec): Promise<Worker> {
    const truth = new Truth(spec.truthPort);
    const loaders = new Loaders(truth, new Random(spec.seed, spec.index, 1));
    const logged: string[] = [];
    const opened = await (spec.mutant && spec.mutant !== 'deadline'
      ? openMutant(spec, spec.mutant, logged)
      : openApp(spec, loaders, logged));
    for (const endsAtMs = nowMs() + 5_000; !(await opened.cache.set('probe:1', 1)); await sleep(10)) {
      if (nowMs() > endsAtMs) throw new Error('nothing could be stored for 5 s');
    }
    return new Worker(spec, loaders, opened, truth, logged);
  }

  watch(processIds: readonly number[]): void {
    this.queues.peers.watch(processIds);
  }

  start(): void {
    this.loop.start();
  }

  /** Resolves when nothing is under way any more, with the bytes that are held. */
  async rest(): Promise<number> {
    this.loop.stop();
    while (!this.loop.isIdle || !this.loaders.areIdle) await sleep(2);
    for (let round = 0; round < COLLECTIONS; round++) {
      (globalThis.gc as () => void)();
      await sleep(10);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }

  survey(): Promise<void> {
    return this.traffic.survey();
  }

  take(): SoakBatch {
    const logged = this.logged.splice(0);
    return { ...this.recorder.take(), calls: this.loop.take(), loads: this.loaders.take(), logged };
  }
}

const optionsOf = ({ prefix, cachePort, mutant }: WorkerSpec): CacheOptions => ({
  prefix,
  redis: { url: `redis://127.0.0.1:${cachePort}`, ...(mutant === 'deadline' && { timeout: '5s' }) },
  memory: { maxBytes: 4 * 1_048_576 },
});

async function openApp(spec: WorkerSpec, loaders: Loaders, logged: string[]): Promise<Opened> {
  class App {}
  Module({
    imports: [CacheModule.forRoot({ ...optionsOf(spec), tools: TOOLS })],
    providers: [{ provide: Services, useFactory: () => new Services(loaders) }],
  })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: collecting(logged) });
  return { cache: app.get(AgentCache), services: app.get(Services) };
}

async function openMutant(spec: WorkerSpec, mutant: Mutant, logged: string[]): Promise<Opened> {
  const options = resolveOptions(optionsOf(spec));
  const events = new CacheEventBus();
  const surroundings = { clock: systemClock, events };
  const warn = (line: string): void => void logged.push(`warn ${line}`);
  connectLog(events, { warn, log: (line) => void logged.push(`log ${line}`) });
  const store = MUTATIONS[mutant].store(await openStore(options, { ...surroundings, warn, waitMs: 5_000 }));
  const { cache } = composeCache(options, { ...surroundings, store, memory: MUTATIONS[mutant].memory });
  return { cache, services: null };
}

/** What the cache says, and what is worse than a message. */
function collecting(lines: string[]): LoggerService {
  const collect =
    (level: string) =>
    (message: unknown, context?: unknown): void => {
      if (context === 'AgentCache' || level !== 'log') lines.push(`${level} ${String(message)}`);
    };
  return { log: collect('log'), warn: collect('warn'), error: collect('error') };
}

const held: { worker?: Worker } = {};
const worker = (): Worker => held.worker as Worker;

serve({
  clock: () => nowMs(),
  pid: () => process.pid,
  open: async (spec: WorkerSpec) => void (held.worker = await Worker.open(spec)),
  watch: (processIds: readonly number[]) => worker().watch(processIds),
  start: () => worker().start(),
  rest: () => worker().rest(),
  survey: () => worker().survey(),
  take: () => worker().take(),
});
