import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  type OnModuleInit,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { AdminTokens } from '../../config/admin-tokens.js';
import { AdminAudit, type AdminUse } from './audit.js';
import type { OwnGuard } from './own-guard.js';

/** Who may use the endpoints for administration. */
export interface AdminAccess {
  readonly throttle: CanActivate;
  /** Where there are some, a request needs one. */
  readonly tokens: AdminTokens;
  readonly guard: OwnGuard | null;
}

export const ADMIN_ACCESS = Symbol('nestjs-agent-cache:admin-access');
const ACTION = 'nestjs-agent-cache:admin-action';

/** Names what a handler does, for the audit. */
export const AdminAction = (action: AdminUse['action']): MethodDecorator => SetMetadata(ACTION, action);

/**
 * Lets through who is not too often there, has a token where there are tokens, and is let through by the app's own guard where
 * there is one. In this order: who guesses tokens is counted, and no guard of the app works for who has none.
 */
@Injectable()
export class AdminGate implements CanActivate, OnModuleInit {
  constructor(
    @Inject(ADMIN_ACCESS) private readonly access: AdminAccess | null,
    private readonly audit: AdminAudit,
    private readonly host: HttpAdapterHost,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.access?.guard?.prepare();
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.access) return false;
    const { throttle, tokens, guard } = this.access;
    const action = Reflect.getMetadata(ACTION, context.getHandler()) as AdminUse['action'];
    this.setHeader(context, 'Cache-Control', 'no-store');
    await this.telling(action, 'throttled', async () => throttle.canActivate(context));
    await this.telling(action, 'refused', async () => {
      if (!tokens.isEmpty && !tokens.accepts(bearerOf(context))) this.refuse(context);
      if (guard && !(await guard.allows(context))) throw new ForbiddenException();
    });
    return true;
  }

  /** A token that is missing and one that is wrong are answered alike. */
  private refuse(context: ExecutionContext): never {
    this.setHeader(context, 'WWW-Authenticate', 'Bearer');
    throw new UnauthorizedException(
      'A token is needed: send the header Authorization: Bearer, followed by one of the tokens in CACHE_ADMIN_TOKEN',
    );
  }

  /** Whatever `check` throws is answered, and told as `outcome`. */
  private async telling(
    action: AdminUse['action'],
    outcome: AdminUse['outcome'],
    check: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await check();
    } catch (error) {
      this.audit.note({ action, outcome, form: null });
      throw error;
    }
  }

  private setHeader(context: ExecutionContext, name: string, value: string): void {
    this.host.httpAdapter.setHeader(context.switchToHttp().getResponse(), name, value);
  }
}

/** The token of `Authorization: Bearer …`; empty where there is none, and then no token of anybody's. */
function bearerOf(context: ExecutionContext): string {
  const { headers } = context.switchToHttp().getRequest<{ headers: { readonly authorization?: string } }>();
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}
