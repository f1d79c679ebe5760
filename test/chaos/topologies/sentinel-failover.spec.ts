import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisSentinels } from '../../support/redis-sentinels.js';
import type { RedisServer } from '../../support/redis-server.js';
import { type Fault, type Outcome, expectAllHeard, expectPromisesKept, recordTopology, underTraffic } from './trial.js';
import { TwoApps } from './two-apps.js';

const CALLER = 'answers of the loader';

describe('two apps in use, on a master with a replica and three sentinels', () => {
  let sentinels: RedisSentinels;
  let apps: TwoApps;
  let lost: RedisServer;

  beforeAll(async () => {
    sentinels = await RedisSentinels.start(3);
  }, 30_000);
  afterAll(() => sentinels.stop());
  beforeEach(async () => {
    lost = await sentinels.current(1);
    await lost.command('FLUSHALL');
    apps = await TwoApps.start({ sentinels: sentinels.addresses, sentinelName: sentinels.name });
  });
  afterEach(async () => {
    await apps.close();
    await sentinels.restore();
  }, 30_000);

  const restartOld = async (): Promise<void> => {
    await lost.restart();
    await sentinels.untilReplicated();
  };
  /** Runs it, and looks at what apps are promised. */
  const hold = async (fault: Fault, title: string, caller = CALLER): Promise<Outcome> => {
    const outcome = await underTraffic(apps, fault);
    expectPromisesKept(outcome.report);
    await expectAllHeard(apps, () => sentinels.current(1));
    recordTopology(title, caller, outcome);
    return outcome;
  };
  /** One line of each app for each change. */
  const expectLines = (reason: string): void => {
    const [gone, back] = [`warn redis is unavailable (${reason})`, 'log redis is available again after'];
    expect(apps.lines.map((line) => line.slice(0, (line.startsWith('warn') ? gone : back).length))).toEqual([
      gone,
      gone,
      back,
      back,
    ]);
    for (const { tierChanges } of apps.all) expect(tierChanges).toEqual(['tierFailed redis', 'tierRecovered redis']);
  };

  it('go on when the master is killed, and see it come back as a replica', async () => {
    const happen = async (): Promise<void> => {
      await lost.kill();
      await sentinels.untilFailedOver(lost);
    };
    await hold({ happen, mend: restartOld }, 'sentinel: the master is killed, its replica is promoted');
    expectLines('disconnected');
    expect(await lost.command('ROLE')).toEqual(expect.arrayContaining(['slave', 'connected']));
  });

  it('go on when the master hangs, and get nothing of it when it goes on', async () => {
    const happen = async (): Promise<void> => {
      lost.pause();
      await sentinels.untilFailedOver(lost);
    };
    const mend = async (): Promise<void> => {
      lost.resume();
      await sentinels.untilReplicated();
    };
    await hold({ happen, mend }, 'sentinel: the master hangs, its replica is promoted');
    expectLines('timeout');
  });

  it('go on when the replica is promoted for maintenance', async () => {
    const happen = async (): Promise<void> => {
      await sentinels.failOver();
      await sentinels.untilFailedOver(lost);
    };
    await hold(
      { happen, mend: () => sentinels.untilReplicated() },
      'sentinel: the replica is promoted for maintenance',
    );
  });

  it('notice nothing of a sentinel that is killed, and go on when the master is killed after it', async () => {
    // The one that is asked first.
    const happen = async (): Promise<void> => sentinels.kill(0);
    await hold({ happen }, 'sentinel: a sentinel is killed', 'answers of the cache');
    expect(apps.lines).toEqual([]);
    const others = [1, 2];
    const happenNext = async (): Promise<void> => {
      await lost.kill();
      await sentinels.untilFailedOver(lost, others);
    };
    const outcome = await underTraffic(apps, { happen: happenNext, mend: restartOld });
    expectPromisesKept(outcome.report);
    expectLines('disconnected');
    await expectAllHeard(apps, () => sentinels.current(1));
    recordTopology('sentinel: the master is killed after a sentinel', CALLER, outcome);
  });
});
