import { describe, expect, it } from '@jest/globals';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { QueryMeter } from '../../../src/nest/http/query-meter.js';
import type { RequestRecord } from '../../../src/nest/http/request-record.js';
import { RequestTrace } from '../../../src/nest/http/request-trace.js';

function begun() {
  const trace = new RequestTrace();
  const request = () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    return { response, record: trace.run(response, () => trace.current) as RequestRecord };
  };
  return { trace, meter: new QueryMeter(trace), request };
}

describe('QueryMeter', () => {
  it('counts queries of the request that they are made for', async () => {
    const { trace, meter, request } = begun();
    const { response, record } = request();
    const { record: other } = request();
    await trace.run(response, async () => {
      expect(await meter.measure(() => Promise.resolve('row'))).toBe('row');
      await Promise.resolve();
      expect(await meter.measure(() => 'sync')).toBe('sync');
      meter.record(5);
    });
    expect(record.queryCount).toBe(3);
    expect(record.queryMs).toBeGreaterThanOrEqual(5);
    expect(other.queryCount).toBe(0);
  });

  it('counts a query that fails, and fails as it does', async () => {
    const { trace, meter, request } = begun();
    const { response, record } = request();
    const failure = new Error('constraint');
    const rejected = trace.run(response, () => meter.measure(() => Promise.reject(failure)));
    await expect(rejected).rejects.toBe(failure);
    const thrown = trace.run(response, () =>
      meter.measure(() => {
        throw failure;
      }),
    );
    await expect(thrown).rejects.toBe(failure);
    expect(record.queryCount).toBe(2);
  });

  it('does nothing outside a request', async () => {
    const { meter } = begun();
    meter.record(5);
    expect(await meter.measure(() => Promise.resolve(1))).toBe(1);
  });

  it('takes what is no length of time for none', () => {
    const { trace, meter, request } = begun();
    const { response, record } = request();
    trace.run(response, () => [NaN, -1, Infinity, 2].forEach((ms) => meter.record(ms)));
    expect([record.queryCount, record.queryMs]).toEqual([4, 2]);
  });
});
