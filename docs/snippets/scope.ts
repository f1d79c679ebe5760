import { type ExecutionContext, Module } from '@nestjs/common';
import { CacheModule, type ScopeValues } from 'nestjs-agent-cache';

interface AuthenticatedRequest {
  readonly user?: { readonly tenant: string; readonly id: string };
  readonly headers: Readonly<Record<string, string | undefined>>;
}

// #region from-request
/** What a guard has put on the request. `undefined`: a stranger, for whom nothing is cached. */
function whoAsks(context: ExecutionContext): ScopeValues | undefined {
  const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  return user && { tenant: user.tenant, principal: user.id };
}

@Module({ imports: [CacheModule.forRoot({ scope: { fromRequest: whoAsks } })] })
export class AppModule {}
// #endregion from-request
