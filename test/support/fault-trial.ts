import { createAgentCache } from '../../src/composition/create-agent-cache.js';
import type { CacheModuleOptions } from '../../src/nest/cache.module-definition.js';
import { CachedApp } from './cached-app.js';
import type { MeasuredFault } from './fault-report.js';
import { FaultWatch, SLACK_MS } from './fault-watch.js';
import { until } from './redis-kit.js';
import { unhandledDuring } from './unhandled-rejections.js';

/** The most that the cache may add to a call where Redis is asked and does not answer: the default timeout. */
export const TIMEOUT_BOUND_MS = 100 + SLACK_MS;
/** The most that it may add where there is nobody to ask. */
export const NOTHING_BOUND_MS = SLACK_MS;

/** A fault, how it is brought about, and what must come of it. */
export interface Fault extends Pick<MeasuredFault, 'class' | 'fault' | 'caller' | 'boundMs'> {
  /** The most that it may take from {@link heal} on until both ways hit again. */
  readonly healBoundMs: number;
  readonly redisUrl: string;
  readonly options?: CacheModuleOptions;
  /** The app is started when it is broken already. */
  readonly isFromTheStart?: boolean;
  readonly breakIt: (watch: FaultWatch | null) => unknown;
  /** Default: what was broken heals by itself. */
  readonly heal?: () => unknown;
  /** How long calls are made while it is broken, in milliseconds; then the source changes, and they are made again. */
  readonly lastsMs?: number;
  /** What is there is served all the while, until it is invalidated. */
  readonly stillHits?: boolean;
  /** How many calls may pay for finding out while it is broken, where each comes after the other. Default: any number. */
  readonly waits?: number;
  /** Whether Redis confirms an invalidation meanwhile. Default: that depends on the moment. */
  readonly acknowledges?: boolean;
  /** What the app hears of tiers, e.g. `tierFailed redis`. */
  readonly tierChanges: readonly string[];
  /** How the lines begin that it logs. */
  readonly logged: readonly string[];
  /** For what reasons, and no others, the events `error` may say that the store gave no answer. */
  readonly reasons: readonly string[];
  /** Where the data are afterwards, reached without what was broken; default: `redisUrl`. */
  readonly dataUrl?: string;
}

export interface Trial {
  readonly row: MeasuredFault;
  /** What was not as it must be. */
  readonly findings: readonly string[];
}

export interface Mutation {
  /** What the app is configured with instead. */
  readonly options?: CacheModuleOptions;
  /** Changes the app before anything is broken. */
  readonly app?: (app: CachedApp) => void;
}

const CLOSED_WITHIN_MS = 500;
/** What a boot may take, of code that runs for the first time; less than an attempt to connect. */
const STARTED_WITHIN_MS = 1_500;
const DEFAULT_LASTS_MS = 150;

/**
 * Starts an app, breaks what it depends on, looks at its answers, changes what they come from, looks again, heals, and looks
 * whether it is as before: in its answers, their times, the events, the log, and in what another process reads.
 */
export async function tryOut(fault: Fault, mutation: Mutation = {}): Promise<Trial> {
  let trial: Trial | null = null;
  const reasons = await unhandledDuring(async () => {
    trial = await runThrough(fault, mutation);
  });
  const { row, findings } = trial as unknown as Trial;
  return { row, findings: [...findings, ...reasons.map((reason) => `unhandled: ${String(reason)}`)] };
}

/** Runs everything once: code that runs for the first time is slow, and its times are none of a fault. */
export async function warmUp(url: string): Promise<void> {
  const app = await CachedApp.start({ redis: { url } });
  await app.untilHits();
  await new FaultWatch(app, Infinity).lookFor(50);
  await app.close();
}

async function runThrough(fault: Fault, mutation: Mutation): Promise<Trial> {
  const { isFromTheStart = false } = fault;
  if (isFromTheStart) await fault.breakIt(null);
  const startedAtMs = performance.now();
  const app = await CachedApp.start(optionsOf(fault, mutation));
  const startMs = performance.now() - startedAtMs;
  const watch = new FaultWatch(app, fault.boundMs);
  if (startMs > STARTED_WITHIN_MS) watch.found(`late: started after ${Math.round(startMs)} ms`);
  mutation.app?.(app);
  try {
    if (!isFromTheStart) {
      await app.untilHits();
      await fault.breakIt(watch);
    }
    await suffer(fault, watch);
    const healedMs = await recover(fault, watch);
    watch.checkTierChanges(fault.tierChanges);
    watch.checkLog(fault.logged);
    watch.checkReasons(fault.reasons);
    return { row: rowOf(fault, watch, healedMs), findings: watch.findings };
  } finally {
    const closedAtMs = performance.now();
    await app.close();
    const closeMs = performance.now() - closedAtMs;
    if (closeMs > CLOSED_WITHIN_MS) watch.found(`late: closed after ${Math.round(closeMs)} ms`);
  }
}

async function suffer(fault: Fault, watch: FaultWatch): Promise<void> {
  const { lastsMs = DEFAULT_LASTS_MS, acknowledges, stillHits = false, waits = Infinity } = fault;
  await watch.lookFor(lastsMs);
  if (stillHits) await watch.untilHits(0);
  const acknowledged = await watch.change();
  if (acknowledges !== undefined && acknowledged !== acknowledges)
    watch.found(`events: an invalidation was ${acknowledged ? '' : 'not '}acknowledged`);
  await watch.lookFor(lastsMs);
  if (watch.waitsMs.length > waits) {
    watch.found(`late: ${watch.waitsMs.length} calls waited: ${watch.waitsMs.join(', ')} ms`);
  }
}

async function recover({ heal, healBoundMs, redisUrl, dataUrl = redisUrl }: Fault, watch: FaultWatch): Promise<number> {
  await heal?.();
  const healedMs = await watch.untilHits(healBoundMs);
  await watch.look();
  const elsewhere = await readElsewhere(dataUrl);
  if (elsewhere !== undefined && elsewhere !== watch.app.reports.version) {
    watch.found(`wrong: another process is served version ${elsewhere}`);
  }
  return healedMs ?? Infinity;
}

/** What a process of its own is served. */
async function readElsewhere(url: string): Promise<number | undefined> {
  const cache = createAgentCache({ prefix: 'faults', redis: { url }, memory: { maxBytes: 0 } });
  try {
    await until(() => cache.set('elsewhere', true));
    return (await cache.get<{ version: number }>('direct:a', { tags: ['reports'] }))?.version;
  } finally {
    await cache.close();
  }
}

const optionsOf = ({ redisUrl, options }: Fault, mutation: Mutation): CacheModuleOptions => ({
  ...options,
  ...mutation.options,
  redis: { url: redisUrl, ...options?.redis, ...mutation.options?.redis },
});

function rowOf(fault: Fault, { addedMs }: FaultWatch, healedMs: number): MeasuredFault {
  const { class: kind, fault: name, caller, boundMs, healBoundMs } = fault;
  return { class: kind, fault: name, caller, boundMs, addedMs, healedMs, healBoundMs };
}
