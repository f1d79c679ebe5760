import { CHANGE_CHECKS, OTHER_CLIENT_CHECKS } from './change-checks.js';
import type { Checks, StoreCheck, StoreUnderTest } from './checks.js';
import { ENTRY_CHECKS } from './entry-checks.js';
import { VALUE_CHECKS } from './value-checks.js';

/** What {@link storeContract} checks. */
export interface StoreContractOptions {
  /** Opens an empty store. Called once for each check. */
  readonly open: () => Promise<StoreUnderTest> | StoreUnderTest;
}

/**
 * All that a store must keep to be used as a tier, as checks to be run by whatever runs tests:
 * `for (const { name, run } of storeContract({ open })) it(name, run)`. A store whose `other` is missing passes the
 * checks of another client without having been asked anything.
 */
export function storeContract({ open }: StoreContractOptions): StoreCheck[] {
  const groups: readonly Checks[] = [VALUE_CHECKS, ENTRY_CHECKS, CHANGE_CHECKS, OTHER_CLIENT_CHECKS];
  return groups
    .flatMap((checks) => Object.entries(checks))
    .map(([name, check]) => ({
      name,
      run: async () => {
        const opened = await open();
        try {
          await check(opened);
        } finally {
          await opened.dispose();
        }
      },
    }));
}
