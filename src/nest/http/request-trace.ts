import { Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { beforeHeaders, rawResponseOf } from './before-headers.js';
import { RequestRecord } from './request-record.js';
import { setResponseHeaders } from './response-headers.js';

/** Knows, in everything that a request does, which request it is done for, and tells of it in the response's headers. */
@Injectable()
export class RequestTrace {
  private readonly storage = new AsyncLocalStorage<RequestRecord>();
  private readonly records = new WeakMap<ServerResponse, RequestRecord>();

  /**
   * Runs `work`, and all that it starts, for the request that `response` answers. The record begins with the first call
   * for a response; later ones continue it, since some frameworks lose the context on the way to the handler.
   */
  run<T>(response: unknown, work: () => T): T {
    const raw = rawResponseOf(response);
    return raw ? this.storage.run(this.records.get(raw) ?? this.begin(raw), work) : work();
  }

  /** `undefined` outside a request. */
  get current(): RequestRecord | undefined {
    return this.storage.getStore();
  }

  private begin(response: ServerResponse): RequestRecord {
    const record = new RequestRecord(() => performance.now());
    this.records.set(response, record);
    beforeHeaders(response, () => setResponseHeaders(response, record));
    return record;
  }
}
