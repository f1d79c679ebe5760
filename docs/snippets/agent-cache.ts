import { Injectable } from '@nestjs/common';
import { AgentCache, CacheControl, CacheKeyGenerator, CacheScope } from 'nestjs-agent-cache';
import { fetchPrice, findUser, saveUser, type User } from './support/services.js';

// #region get-or-load
@Injectable()
export class Users {
  constructor(
    private readonly cache: AgentCache,
    private readonly keys: CacheKeyGenerator,
  ) {}

  find(id: number): Promise<User | null> {
    const policy = { ttl: '10m', tags: [`user-${id}`] } as const;
    return this.cache.getOrLoad(this.keys.key('user', id), () => findUser(id), policy);
  }

  /** What is loaded while the user is being saved is not served either. */
  save(user: User): Promise<void> {
    return this.cache.invalidateAround({ tag: `user-${user.id}` }, () => saveUser(user));
  }
}
// #endregion get-or-load

// #region control
export const freshUser = (users: Users, id: number): Promise<User | null> =>
  CacheControl.run({ refresh: true }, () => users.find(id));
// #endregion control

// #region scope
@Injectable()
export class Conversations {
  constructor(
    private readonly users: Users,
    private readonly scope: CacheScope,
  ) {}

  /** All that is cached on the way belongs to this principal of this tenant. */
  answer(request: { tenant: string; userId: number }): Promise<User | null> {
    const who = { tenant: request.tenant, principal: String(request.userId) };
    return this.scope.run(who, () => this.users.find(request.userId));
  }
}
// #endregion scope

// #region wrap
export function cachedPrices(cache: AgentCache, keys: CacheKeyGenerator): (article: string) => Promise<number> {
  return cache.wrap(fetchPrice, { key: (article) => keys.key('prices', article), ttl: '5m' });
}
// #endregion wrap
