import type { Verification } from '../calls/method-policy.js';

/** Where no hit is run again. */
export const NO_VERIFICATION: Verification = {
  isOn: false,
  isOff: () => false,
  served: () => undefined,
};
