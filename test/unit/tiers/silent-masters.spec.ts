import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import { SilentMasters } from '../../../src/tiers/redis/guard/silent-masters.js';

interface FakeMaster {
  options: { host: string; port: number };
  status: string;
  stream: { bytesRead: number };
}

const masterAt = (port: number): FakeMaster => ({
  options: { host: '127.0.0.1', port },
  status: 'ready',
  stream: { bytesRead: 0 },
});

describe('the silent masters of a cluster', () => {
  let masters: readonly [FakeMaster, FakeMaster];
  let cluster: Cluster;
  let silent: SilentMasters;

  beforeEach(() => {
    masters = [masterAt(1), masterAt(2)];
    // Of all slots, those of one master only matter here.
    const slots = Array.from({ length: 16_384 }, () => ['127.0.0.1:1']);
    cluster = { isCluster: true, slots, nodes: () => masters } as unknown as Cluster;
    silent = new SilentMasters();
  });

  const ask = (...asked: FakeMaster[]) => silent.question(cluster, asked as unknown as Redis[]);
  const hold = () => silent.hold(cluster, ['k']);

  it('are those that send nothing between a question and its deadline', () => {
    const question = ask(masters[0]);
    expect({ areNone: silent.areNone, hold: hold() }).toEqual({ areNone: true, hold: false });
    expect(silent.unanswered(question)).toBe('part');
    expect({ areNone: silent.areNone, hold: hold() }).toEqual({ areNone: false, hold: true });
  });

  it('are not those that send anything, to whomever, meanwhile', () => {
    const question = ask(masters[0]);
    masters[0].stream.bytesRead++;
    expect(silent.unanswered(question)).toBeUndefined();
    expect(hold()).toBe(false);
  });

  it.each<[string, (master: FakeMaster) => unknown]>([
    ['send anything', (master) => master.stream.bytesRead++],
    ['are connected to anew', (master) => (master.stream = { bytesRead: 0 })],
    ['are not connected any more', (master) => (master.status = 'end')],
  ])('are silent no longer when they %s', (_what, change) => {
    silent.unanswered(ask(masters[0]));
    change(masters[0]);
    expect(hold()).toBe(false);
    expect(silent.areNone).toBe(true);
  });

  it('are all of them when none is left that is connected and has been heard', () => {
    expect(silent.unanswered(ask(masters[0]))).toBe('part');
    expect(silent.unanswered(ask(masters[1]))).toBe('whole');
    masters[0].stream.bytesRead++;
    expect(silent.unanswered(ask(masters[1]))).toBe('part');
    masters[0].status = 'end';
    expect(silent.unanswered(ask(masters[1]))).toBe('whole');
  });

  it('hold nothing of the others', () => {
    silent.unanswered(ask(masters[1]));
    expect(hold()).toBe(false);
  });
});
