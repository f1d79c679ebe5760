import type { Bypasses } from './bypasses.js';
import { Caller, unlessAborted } from './loading/caller.js';
import type { EntryAddress } from './entry.js';
import type { OwnBypass } from './explain.js';
import type { Load } from './loading/load-request.js';
import type { LoadThrough } from './loading/load-through.js';
import type { Lookup } from './loading/lookup.js';
import type { CachePolicy } from './policy/cache-policy.js';
import { resolveControl, type ResolvedControl } from './policy/resolve-control.js';
import type { PolicyResolver } from './policy/resolve-policy.js';
import type { ControlSource } from './ports/cache-control.js';

interface CallsParts {
  readonly enabled: boolean;
  readonly policies: PolicyResolver;
  readonly control: ControlSource;
  readonly loadThrough: LoadThrough;
  readonly bypasses: Bypasses;
}

/** Finds out of each call whether it goes to the cache or past it, where in the cache, and under which conditions. */
export class Calls {
  private isClosed = false;

  constructor(private readonly parts: CallsParts) {}

  get isOpen(): boolean {
    return this.parts.enabled && !this.isClosed;
  }

  close(): void {
    this.isClosed = true;
  }

  /** Results in the order of `keys`; at once where memory has it. Throws `CacheArgumentError` for a wrong argument. */
  load<T>(keys: readonly string[], policy: CachePolicy<T>, load: Load<T>): readonly T[] | Promise<readonly T[]> {
    const { loadThrough, bypasses, policies } = this.parts;
    const control = this.controlOf(policy);
    const addresses = policies.addressesOf(keys, policy);
    const resolved = policies.resolve(policy);
    if (!addresses || control.bypass || !this.isOpen)
      return unlessAborted(policy.signal, new Caller(), () =>
        bypasses.load(keys, policy, this.reasonOf(policy, control), load),
      );
    const lookup: Lookup<T> = { addresses, policy: resolved, control, admit: policy.admit, signal: policy.signal };
    const hit = loadThrough.fromMemory(lookup, load);
    return hit ? [hit.value] : loadThrough.run(lookup, load);
  }

  /** What is fresh, in the order of `keys`. */
  async get<T>(keys: readonly string[], policy: CachePolicy<T>): Promise<(T | undefined)[]> {
    const control = this.controlOf(policy);
    const addresses = this.addressesOf(keys, policy);
    if (!addresses || keys.length === 0) return keys.map(() => undefined);
    return this.parts.loadThrough.get<T>({ addresses, control });
  }

  /** `null`, and counted: the call goes past the cache. */
  addressesOf(keys: readonly string[], policy: CachePolicy<never>): EntryAddress[] | null {
    const control = this.controlOf(policy);
    const addresses = this.parts.policies.addressesOf(keys, policy);
    if (this.isOpen && addresses && !control.bypass) return addresses;
    this.parts.bypasses.recordKeys(keys, policy, this.reasonOf(policy, control));
    return null;
  }

  /** Where an entry is that must go, also where nothing may be stored. `null`: it is not known whose it is, or closed. */
  addressToClear(
    key: string,
    { scope, vary, namespace }: Pick<CachePolicy<never>, 'scope' | 'vary' | 'namespace'>,
  ): EntryAddress | null {
    const place = { vary, ...(scope !== undefined && { scope }), ...(namespace !== undefined && { namespace }) };
    const [address] = this.parts.policies.addressesOf([key], place) ?? [];
    return this.isOpen && address ? address : null;
  }

  controlOf({ control }: CachePolicy<never>): ResolvedControl {
    return resolveControl(control, this.parts.control.current());
  }

  /** Why a call goes past the cache. */
  reasonOf(policy: CachePolicy<never>, control: ResolvedControl): OwnBypass {
    if (!this.parts.enabled) return 'disabled';
    if (this.isClosed) return 'closed';
    return control.bypass ? 'requested' : this.parts.policies.bypassReasonOf(policy);
  }
}
