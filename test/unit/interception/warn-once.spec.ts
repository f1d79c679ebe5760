import { describe, expect, it } from '@jest/globals';
import { createWarnOnce } from '../../../src/nest/interception/warn-once.js';

describe('warnOnce', () => {
  it('says a message once per topic', () => {
    const said: string[] = [];
    const warnOnce = createWarnOnce((message) => said.push(message));
    warnOnce('a', 'first');
    warnOnce('a', 'second');
    warnOnce('b', 'third');
    expect(said).toEqual(['first', 'third']);
  });

  it('remembers a bounded number of topics, and is silent from then on', () => {
    let count = 0;
    const warnOnce = createWarnOnce(() => count++);
    for (let topic = 0; topic < 5_000; topic++) warnOnce(String(topic), 'message');
    for (let topic = 0; topic < 5_000; topic++) warnOnce(String(topic), 'message');
    expect(count).toBe(1_000);
  });
});
