import type { Group } from '../versions/groups.js';
import type { LoadSignal } from './load-signals.js';
import type { LoadRequest } from './load-request.js';
import type { LoadContext } from '../policy/cache-policy.js';
import type { PolicyResolver } from '../policy/resolve-policy.js';

/** What loaders are given. */
export class LoadContexts {
  constructor(private readonly policies: PolicyResolver) {}

  /** For the loader of one result: what it decides is kept in `request`. */
  contextOf<T>(request: LoadRequest<T>, own: LoadSignal): LoadContext {
    const { policies } = this;
    return {
      key: request.address.key,
      get signal() {
        return own.signal;
      },
      ...(request.stale && { stale: request.stale.value }),
      tag: (...tags) => addTo(request, policies.groupsForTags(tags)),
      dependsOn: (...resources) => addTo(request, policies.groupsForResources(resources, request.address)),
      ttl: (duration) => {
        const { ttlMs } = policies.lifetimeOf({ ttl: duration }, request.policy.graceMs);
        request.policy = { ...request.policy, ttlMs, negativeTtlMs: null };
      },
      skip: (reason) => {
        request.skipReason = reason;
      },
    };
  }
}

/** `null`: what the groups depend on is not known, so nothing may be stored under them. */
function addTo<T>(request: LoadRequest<T>, groups: readonly Group[] | null): void {
  if (!groups) request.skipReason = 'what its groups depend on is not known';
  const { address, lateGroups } = request;
  for (const group of groups ?? []) if (!address.groups.includes(group)) lateGroups.add(group);
}
