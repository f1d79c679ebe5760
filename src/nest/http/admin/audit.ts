import { Injectable, Logger } from '@nestjs/common';
import type { CacheEvents } from '../../../core/events.js';
import { MountedCache } from '../mounted-cache.js';

/** One use of the endpoints for administration. */
export type AdminUse = CacheEvents['admin'];

const WINDOW_MS = 60_000;
/** Lines of uses that came to nothing, within a minute. */
const MAX_LINES = 10;

/** Says what an event cannot hold back: that it happened. */
interface Sink {
  log(message: string): void;
  warn(message: string): void;
}

/**
 * A line for each use, with what was done and how it came out. Uses that came to nothing have ten lines a minute, and the
 * next line after that minute says how many there were besides: whoever has no token cannot fill the log.
 */
export class AuditLines {
  private startedAt = -Infinity;
  private written = 0;
  private unsaid = 0;

  constructor(
    private readonly sink: Sink,
    private readonly now: () => number = () => performance.now(),
  ) {}

  write(use: AdminUse): void {
    if (use.outcome === 'done') return this.sink.log(lineOf(use));
    if (this.now() - this.startedAt >= WINDOW_MS) this.begin();
    if (this.written >= MAX_LINES) {
      this.unsaid++;
      return;
    }
    this.written++;
    this.sink.warn(lineOf(use));
  }

  private begin(): void {
    if (this.unsaid > 0) this.sink.warn(`${this.unsaid} more uses came to nothing and have no line of their own`);
    this.startedAt = this.now();
    this.written = 0;
    this.unsaid = 0;
  }
}

/** Tells of every use: as the event `admin`, and in the log under `AgentCacheAudit`. */
@Injectable()
export class AdminAudit {
  private readonly lines = new AuditLines(new Logger('AgentCacheAudit'));

  constructor(private readonly mounted: MountedCache) {}

  note(use: AdminUse): void {
    this.mounted.events?.emit('admin', use);
    this.lines.write(use);
  }
}

function lineOf({ action, outcome, form, acknowledged }: AdminUse): string {
  const what = form === null ? action : `${action} by ${form}`;
  const answer = acknowledged === undefined ? '' : acknowledged ? ', acknowledged' : ', not acknowledged';
  return `${what}: ${outcome}${answer}`;
}
