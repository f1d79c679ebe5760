import { type CanActivate, type ExecutionContext, Injectable, Module } from '@nestjs/common';
import { CacheModule } from 'nestjs-agent-cache';
import { CacheHttpModule } from 'nestjs-agent-cache/http';

// #region own-guard
@Injectable()
export class OperatorsOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<{ user?: { roles: string[] } }>();
    return user?.roles.includes('operator') ?? false;
  }
}

@Module({
  imports: [CacheModule.forRoot(), CacheHttpModule.forRoot({ admin: { guard: OperatorsOnly, limit: 30, ttl: '1m' } })],
  providers: [OperatorsOnly],
})
export class AppModule {}
// #endregion own-guard
