import { serve } from '../support/child-side.js';
import { Instance, type InstanceSpec } from './instance.js';
import { nowMs } from './world.js';

/** One participant of a race in a process of its own. */
const held: { instance?: Instance } = {};
const instance = (): Instance => held.instance as Instance;

serve({
  clock: () => nowMs(),
  open: async (spec: InstanceSpec) => void (held.instance = await Instance.open(spec)),
  start: () => instance().start(),
  stop: () => instance().stop(),
  take: () => instance().take(),
  survey: () => instance().survey(),
  close: () => instance().close(),
});
