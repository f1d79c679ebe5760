import {
  BadRequestException,
  Controller,
  Get,
  HttpException,
  HttpStatus,
  Post,
  Req,
  Res,
  ServiceUnavailableException,
  UnsupportedMediaTypeException,
  UseGuards,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { AgentCache } from '../../../core/cache.js';
import { CacheArgumentError, CacheKeyError } from '../../../core/errors.js';
import type { Explanation, InvalidationTarget } from '../../../core/policy/cache-policy.js';
import type { ScopeValues } from '../../../core/policy/scope.js';
import { MountedCache } from '../mounted-cache.js';
import { AdminAction, AdminGate } from './admin-gate.js';
import { readExplainQuery, readInvalidateBody } from './admin-requests.js';
import { AdminAudit, type AdminUse } from './audit.js';

/** The part of a request that is read, on any framework. It is read as it came, whatever pipes the app has. */
interface AdminRequest {
  readonly headers: { readonly 'content-type'?: string };
  readonly body?: unknown;
  readonly query?: unknown;
}

type Noted<T> = { readonly answer: T } & Pick<AdminUse, 'form' | 'acknowledged'>;

/** For administrators: makes entries unusable, and tells why one is or is not served. Never shows a value. */
@Controller('cache')
@UseGuards(AdminGate)
export class CacheAdminController {
  constructor(
    private readonly mounted: MountedCache,
    private readonly audit: AdminAudit,
    private readonly host: HttpAdapterHost,
  ) {}

  /** 200: all instances are told. 202: not confirmed; what was begun goes on. */
  @Post('invalidate')
  @AdminAction('invalidate')
  async invalidate(
    @Req() request: AdminRequest,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<{ acknowledged: boolean }> {
    const answer = await this.noting('invalidate', async () => {
      assertJson(request);
      const { form, target, scope } = readInvalidateBody(request.body);
      const reply = await this.as(scope, (cache) => cache.invalidate(targetIn(scope, target)));
      return { answer: reply, form, ...reply };
    });
    this.host.httpAdapter.status(response, answer.acknowledged ? HttpStatus.OK : HttpStatus.ACCEPTED);
    return answer;
  }

  @Get('explain')
  @AdminAction('explain')
  explain(@Req() request: AdminRequest): Promise<Explanation> {
    return this.noting('explain', async () => {
      const { key, scope } = readExplainQuery(request.query);
      const answer = await this.as(scope, (cache) => cache.explain(key, isPublic(scope) ? { scope: 'public' } : {}));
      return { answer, form: 'key' };
    });
  }

  /** Who asks is an administrator: the entry is one of whoever the request names, and not of who sent it. */
  private as<T>(scope: ScopeValues, ask: (cache: AgentCache) => Promise<T>): Promise<T> {
    const { cache, scope: scopes } = this.mounted;
    if (!cache) throw new ServiceUnavailableException('There is no cache at the moment: try again later');
    return scopes ? scopes.exactly(scope, () => ask(cache)) : ask(cache);
  }

  private async noting<T>(action: AdminUse['action'], work: () => Promise<Noted<T>>): Promise<T> {
    try {
      const { answer, form, acknowledged } = await work();
      this.audit.note({ action, outcome: 'done', form, ...(acknowledged !== undefined && { acknowledged }) });
      return answer;
    } catch (error) {
      const asAnswered = answerTo(error);
      const outcome = asAnswered instanceof HttpException && asAnswered.getStatus() < 500 ? 'invalid' : 'failed';
      this.audit.note({ action, outcome, form: null });
      throw asAnswered;
    }
  }
}

/** What the cache finds wrong with a target is wrong with the request. */
function answerTo(error: unknown): unknown {
  const isArgument = error instanceof CacheArgumentError || error instanceof CacheKeyError;
  return isArgument ? new BadRequestException(error.message) : error;
}

/** No page of another site can send this without asking first (CORS), whatever cookies a guard of the app goes by. */
function assertJson({ headers }: AdminRequest): void {
  if (/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return;
  throw new UnsupportedMediaTypeException(
    'The body is not said to be JSON: send the header Content-Type: application/json',
  );
}

const isPublic = (scope: ScopeValues): boolean => Object.keys(scope).length === 0;

function targetIn(scope: ScopeValues, target: InvalidationTarget): InvalidationTarget {
  return 'key' in target && isPublic(scope) ? { ...target, level: 'public' } : target;
}
