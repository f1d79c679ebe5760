import { FaultProxy } from '../support/fault-proxy.js';
import { RedisServer } from '../support/redis-server.js';
import { ALL_FAULTS, Disturbance, type Faults } from './disturbance.js';
import { Instance, type InstanceSpec, type Participant } from './instance.js';
import type { Mutant } from './mutants.js';
import { Race, type RaceOptions, type RaceResult } from './race.js';
import { Random } from './random.js';
import { RemoteInstance } from './remote-instance.js';
import { Truth } from './truth.js';

export interface Field extends RaceOptions {
  readonly instances: number;
  /** Each in a process of its own. */
  readonly inProcesses: boolean;
  readonly mutant?: Mutant;
  readonly faults?: Faults;
}

const PREFIX = 'race';
const ACTORS = 24;
/** The participant behind the proxy changes little itself, so that what it has missed of others stays. */
const QUIET_SHARE = 0.05;

/** Holds one race on a Redis server of its own, the first participant behind a proxy. */
export async function holdRace(field: Field): Promise<RaceResult> {
  const server = await RedisServer.start();
  const proxy = await FaultProxy.start(server.port);
  const truth = new Truth(server.port);
  const participants: Participant[] = [];
  try {
    const open = field.inProcesses ? RemoteInstance.open : Instance.open;
    for (const spec of specsOf(field, server.port, proxy.port)) participants.push(await open(spec));
    const parts = { server, proxy, truth, prefix: PREFIX };
    const disturbance = new Disturbance(new Random(field.seed), parts, field.faults ?? ALL_FAULTS);
    return await new Race(participants, disturbance, field).run();
  } finally {
    server.resume();
    await Promise.all(participants.map((participant) => participant.close()));
    truth.close();
    await proxy.stop();
    await server.stop();
  }
}

function specsOf(field: Field, port: number, proxyPort: number): InstanceSpec[] {
  const { instances, seed, mutant = null } = field;
  return Array.from({ length: instances }, (_, index) => ({
    index,
    port,
    seed,
    mutant,
    cachePort: index === 0 ? proxyPort : port,
    prefix: PREFIX,
    connections: 1 + (index % 3),
    actors: ACTORS,
    changeShare: index === 0 ? QUIET_SHARE : 1,
  }));
}
