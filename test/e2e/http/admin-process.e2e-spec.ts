import { afterEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { Child } from '../../support/child.js';
import { TOKEN } from './admin-app.js';

describe('administration over HTTP in an app as users start it', () => {
  let child: Child | undefined;
  afterEach(() => child?.kill());

  it('is limited by the @nestjs/throttler that Node finds', async () => {
    child = await Child.start(join(import.meta.dirname, 'admin-process.ts'));
    const url = await child.request<string>('listen', TOKEN);
    const post = (token: string): Promise<Response> =>
      fetch(`${url}/cache/invalidate`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
        body: '{"tag":"reports"}',
      });
    const statuses: number[] = [];
    for (let index = 0; index < 9; index++) statuses.push((await post('wrong-token-secret')).status);
    expect(new Set(statuses)).toEqual(new Set([401]));
    const done = await post(TOKEN);
    expect([done.status, await done.json()]).toEqual([200, { acknowledged: true }]);
    const throttled = await post(TOKEN);
    expect(throttled.status).toBe(429);
    expect(Number(throttled.headers.get('Retry-After'))).toBeGreaterThan(0);
  });
});
