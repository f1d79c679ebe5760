import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { CacheEvents, MissReason } from '../../core/events.js';
import { listen } from '../../observability/event-source.js';
import { MountedCache } from './mounted-cache.js';
import type { RequestRecord } from './request-record.js';
import { RequestTrace } from './request-trace.js';

/** Miss reasons that `fwd` already tells. */
const PLAIN: readonly MissReason[] = ['absent', 'expired'];

/** Writes what the cache reports into the record of the request that it happens for. */
@Injectable()
export class OutcomeRecorder implements OnModuleInit, OnModuleDestroy {
  private stopListening = (): void => undefined;

  constructor(
    private readonly mounted: MountedCache,
    private readonly trace: RequestTrace,
  ) {}

  onModuleInit(): void {
    const { cache } = this.mounted;
    if (!cache) return;
    this.stopListening = listen(cache, {
      hit: this.inRequest(recordHit),
      miss: this.inRequest(recordMiss),
      stale: this.inRequest((record, { category }) => record.outcomes.addAnsweredStale(category)),
      bypass: this.inRequest((record, { category, reason: remark }) =>
        record.outcomes.add('bypass', category, { remark }),
      ),
      load: this.inRequest((record, { ms }) => record.addLoadTime(ms)),
      set: this.inRequest((record, { category, ms }) => {
        record.outcomes.addStored(category);
        record.addCacheTime(ms);
      }),
    });
  }

  onModuleDestroy(): void {
    this.stopListening();
  }

  private inRequest<E>(write: (record: RequestRecord, event: E) => void): (event: E) => void {
    return (event) => {
      const record = this.trace.current;
      if (record) write(record, event);
    };
  }
}

function recordHit(record: RequestRecord, { category, ms, ttlLeftMs }: CacheEvents['hit']): void {
  record.outcomes.add('hit', category, { ttlLeftMs });
  record.addCacheTime(ms);
}

function recordMiss(record: RequestRecord, { category, ms, reason }: CacheEvents['miss']): void {
  const remark = PLAIN.includes(reason) ? '' : reason;
  record.outcomes.add(reason === 'expired' ? 'expired' : 'miss', category, { remark });
  record.addCacheTime(ms);
}
