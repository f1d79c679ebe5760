import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Module, type DynamicModule, type INestApplicationContext, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheClient, CacheModule, CacheScope, type ToolDescriptor } from 'nestjs-agent-cache';
import { describeCall, type DescribedCall } from './described-call.js';
import { RecordedTools, Recording, type ToolAnswer } from './recorded-tools.js';
import type { ReplayPolicy } from './replay-policy.js';
import { Tally, type CallTime, type Counts } from './tally.js';
import type { RecordedCall } from './trace.js';

export interface ReplayOptions {
  /** `null`: the cache keeps everything in this process. */
  readonly redisUrl: string | null;
  /** Called after each call. */
  readonly onProgress?: (done: number) => void;
}

/** A hit whose answer was not the recorded one. */
export interface WrongHit {
  readonly run: string;
  readonly seq: number;
  readonly tool: string;
}

export interface ReplayReport {
  readonly total: Counts;
  readonly tools: readonly Counts[];
  readonly wrongHits: readonly WrongHit[];
  /** Where the times of the hits come from: `recorded`, `assumed`, `unknown`. */
  readonly timeSources: readonly string[];
}

const say = (message: unknown): void => void process.stderr.write(`${String(message)}\n`);
/** Standard output is the report's. */
const STANDARD_ERROR: LoggerService = { log: () => {}, warn: say, error: say, fatal: say };

@Module({})
class ReplayModule {
  static forRecording(recording: Recording, redisUrl: string | null): DynamicModule {
    return {
      module: ReplayModule,
      imports: [
        CacheModule.forRoot({
          // Nothing of another replay, or of an app, may answer.
          prefix: `replay-${randomUUID()}`,
          tools: () => recording.descriptor,
          // Patient: what is measured is the policy, not how busy this machine is.
          ...(redisUrl !== null && { redis: { url: redisUrl, timeout: '2s' } }),
        }),
      ],
      providers: [RecordedTools, { provide: Recording, useValue: recording }],
    };
  }
}

/** Sends the recorded calls, one after another, through a Nest app whose tool executor is cached as the policy says. */
export async function replay(
  calls: readonly RecordedCall[],
  policy: ReplayPolicy,
  { redisUrl, onProgress = () => {} }: ReplayOptions,
): Promise<ReplayReport> {
  const recording = new Recording();
  const app = await NestFactory.createApplicationContext(ReplayModule.forRecording(recording, redisUrl), {
    logger: STANDARD_ERROR,
  });
  try {
    await requireStore(app, redisUrl);
    const run = new Replay(app, recording, policy);
    for (const [index, call] of calls.entries()) {
      await run.play(call);
      onProgress(index + 1);
    }
    return run.report();
  } finally {
    await app.get(CacheClient).invalidatePattern('*');
    await app.close();
  }
}

/** Without Redis every call would be a miss, which says nothing about the policy. */
async function requireStore(app: INestApplicationContext, redisUrl: string | null): Promise<void> {
  const health = await app.get(CacheClient).healthCheck();
  if (redisUrl !== null && !health.connected) throw new Error(`no Redis to replay on: ${health.message}`);
}

class Replay {
  private readonly tools: RecordedTools;
  private readonly scope: CacheScope;
  private readonly tally = new Tally();
  private readonly wrongHits: WrongHit[] = [];

  constructor(
    app: INestApplicationContext,
    private readonly recording: Recording,
    private readonly policy: ReplayPolicy,
  ) {
    this.tools = app.get(RecordedTools);
    this.scope = app.get(CacheScope);
  }

  async play(call: RecordedCall): Promise<void> {
    const { recording, policy } = this;
    const { tool, ok, output } = call;
    const described = describeCall(policy, call);
    Object.assign(recording, { answer: { ok, output }, wasPlayed: false });
    const answer = await this.execute(call, described);
    const isHit = !recording.wasPlayed;
    const isWrong = isHit && !(answer.ok === ok && this.isSame(tool, answer.output, output));
    if (isWrong) this.wrongHits.push({ run: call.run, seq: call.seq, tool });
    this.tally.add({ tool, isEligible: described.isEligible, isHit, isWrong, time: this.timeOf(call) });
  }

  report(): ReplayReport {
    const { total, tools, timeSources } = this.tally;
    return { total, tools, timeSources, wrongHits: this.wrongHits };
  }

  private isSame(tool: string, a: unknown, b: unknown): boolean {
    return isDeepStrictEqual(this.policy.normalise(tool, a), this.policy.normalise(tool, b));
  }

  private execute(call: RecordedCall, { descriptor, isEligible }: DescribedCall): Promise<ToolAnswer> {
    const { policy, tools, recording } = this;
    const shared = sharedBy(policy.share, call);
    const { tool, args: params, env } = call;
    if (policy.design === 'obvious') {
      return isEligible ? tools.executeObviously({ tool, params, ...shared }) : Promise.resolve(recording.play());
    }
    // `vary` says what of the environment counts.
    const hidden = descriptor?.vary === undefined ? { env } : {};
    recording.descriptor = descriptor && asReplayed(descriptor);
    return this.inState(call, () => tools.execute({ tool, params, ...hidden, ...shared }));
  }

  /** Runs `execute` on what the call's run works on. */
  private inState({ run }: RecordedCall, execute: () => Promise<ToolAnswer>): Promise<ToolAnswer> {
    if (this.policy.state === 'live') return execute();
    // JSON makes an id of every text.
    return this.scope.run({ session: JSON.stringify(run), base: 'the state before the trace' }, execute);
  }

  private timeOf({ ms, tool }: RecordedCall): CallTime {
    if (ms !== undefined) return { ms, source: 'recorded' };
    const assumed = this.policy.msOf(tool);
    return assumed === undefined ? null : { ms: assumed, source: 'assumed' };
  }
}

/** Who shares is for the policy's `share` to say, and the files of back then cannot be looked at. */
function asReplayed({ scope: _scope, validate: _validate, ...descriptor }: ToolDescriptor): ToolDescriptor {
  return descriptor;
}

/** What keeps the answers of those apart who share none. */
function sharedBy(share: ReplayPolicy['share'], { run, task }: RecordedCall): { run?: string; task?: string } {
  if (share === 'all') return {};
  return share === 'run' ? { run } : { task };
}
