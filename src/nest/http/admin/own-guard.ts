import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { Scope } from '@nestjs/common';
import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { CacheConfigurationError } from '../../../core/errors.js';

type Find = (context: ExecutionContext) => Promise<CanActivate>;

/** The app's own guard, wherever in the app it is provided, and of whatever scope. */
export class OwnGuard {
  private find: Find = () => Promise.reject(new Error('the guard is asked before the app is up'));

  constructor(
    private readonly guard: Type<CanActivate> | CanActivate,
    private readonly modules: ModuleRef,
  ) {}

  /** To be called once all providers are there. Throws `CacheConfigurationError` where the guard cannot be made. */
  async prepare(): Promise<void> {
    const { guard } = this;
    if (typeof guard !== 'function') this.find = () => Promise.resolve(guard);
    else this.find = this.finding(guard) ?? (await this.making(guard));
  }

  async allows(context: ExecutionContext): Promise<boolean> {
    const guard = await this.find(context);
    const answer = guard.canActivate(context);
    // As Nest does it.
    return Boolean(await (isObservable(answer) ? lastValueFrom(answer) : answer));
  }

  /** `null`: no module provides it. */
  private finding(guard: Type<CanActivate>): Find | null {
    const scope = this.scopeOf(guard);
    if (scope === null) return null;
    if (scope === Scope.DEFAULT) {
      const instance = this.modules.get(guard, { strict: false });
      return () => Promise.resolve(instance);
    }
    return (context) => {
      const request = context.switchToHttp().getRequest<object>();
      const id = ContextIdFactory.getByRequest(request);
      this.modules.registerRequestByContextId(request, id);
      return this.modules.resolve(guard, id, { strict: false });
    };
  }

  private scopeOf(guard: Type<CanActivate>): Scope | null {
    try {
      return this.modules.introspect(guard).scope;
    } catch {
      return null;
    }
  }

  private async making(guard: Type<CanActivate>): Promise<Find> {
    try {
      const instance = await this.modules.create(guard);
      return () => Promise.resolve(instance);
    } catch (cause) {
      throw new CacheConfigurationError(
        `admin.guard is the class ${guard.name}, which no module of the app provides and which cannot be made of what is ` +
          'global: list it among the providers of the module that has what it needs',
        { cause },
      );
    }
  }
}
