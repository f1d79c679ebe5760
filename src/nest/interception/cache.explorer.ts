import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { MethodPolicy } from '../../agent/calls/method-policy.js';
import { armMethod, type CacheBinding } from './bindings.js';
import type { CacheRuntime } from './cache-runtime.js';
import { bindSlot, type CacheSlot, expectsSlot } from './cache-slot.js';
import { FoundMethods } from './found-methods.js';
import { type AnyMethod, interceptProperty } from './intercept-method.js';
import type { MethodIdentity } from './method-identity.js';
import { className, methodName } from './method-site.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** What the explorer of one app brings together. */
export interface ExplorerParts {
  readonly slot: CacheSlot;
  readonly runtime: CacheRuntime;
  readonly identities: MethodIdentity;
  readonly modules: ModulesContainer;
  readonly bindings: readonly CacheBinding[];
}

/** Connects an app's cache with its instances, also with those that Nest did not construct itself. */
export class CacheExplorer implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('AgentCache');
  private readonly connected = new WeakSet<object>();
  private readonly found = new FoundMethods();
  private readonly undo: (() => void)[] = [];

  constructor(private readonly parts: ExplorerParts) {
    const { slot, runtime, bindings } = parts;
    if (slot.runtime)
      this.logger.warn('CacheModule is imported more than once: its first configuration serves the decorators');
    slot.runtime ??= runtime;
    for (const binding of bindings) this.bindMethods(binding);
  }

  onModuleInit(): void {
    this.parts.identities.settle();
    for (const { providers, controllers, injectables } of this.parts.modules.values()) {
      for (const wrapper of [...providers.values(), ...controllers.values(), ...injectables.values()] as Wrapper[]) {
        const instance: unknown = wrapper.instance;
        if (typeof instance === 'object' && instance !== null) this.tryToConnect(wrapper, instance);
      }
    }
    for (const binding of this.parts.bindings) {
      const warning = this.found.warningOf(binding);
      if (warning !== null) this.logger.warn(warning);
    }
  }

  /** The latest hook there is: until then, methods that run while the app ends still invalidate. */
  onApplicationShutdown(): void {
    const { slot, runtime } = this.parts;
    if (slot.runtime === runtime) slot.runtime = null;
    for (const revert of this.undo.splice(0).reverse()) revert();
  }

  /** Those of a class, for all its instances. */
  private bindMethods(binding: CacheBinding): void {
    const { target, methods } = binding;
    if (typeof target !== 'function') return;
    this.found.see(binding, target.prototype as object);
    for (const key of Reflect.ownKeys(methods)) {
      const method = armMethod(target, key);
      if (!method) continue;
      this.found.note(binding, key);
      this.parts.slot.boundPolicies.set(method, methods[key] as MethodPolicy);
    }
  }

  private tryToConnect(wrapper: Wrapper, instance: object): void {
    try {
      this.connect(wrapper, instance);
    } catch {
      // Some values of providers are proxies that refuse to be looked at: they have no cached methods.
    }
  }

  private connect({ token }: Wrapper, instance: object): void {
    // The same instance may be provided under several tokens.
    const isKnown = this.connected.has(instance);
    const bound = this.parts.bindings.filter(({ target }) => {
      return typeof target === 'function' ? !isKnown && instance instanceof target : token === target;
    });
    this.connected.add(instance);
    if (!expectsSlot(instance) && bound.length === 0) return;
    if (!bindSlot(instance, this.parts.slot)) {
      this.logger.warn(
        `an instance of ${className(instance)} belongs to two running apps, so that neither caches its methods`,
      );
      return;
    }
    for (const binding of bound) {
      this.found.see(binding, instance);
      for (const key of Reflect.ownKeys(binding.methods)) this.connectProperty(instance, key, binding);
    }
  }

  /** Methods that no class holds: functions among the properties, and, for a token, all methods of its object. */
  private connectProperty(instance: object, key: string | symbol, binding: CacheBinding): void {
    const policy = binding.methods[key];
    const isOfClass = typeof binding.target === 'function';
    const own = Object.getOwnPropertyDescriptor(instance, key);
    const method: unknown = own || isOfClass ? own?.value : Reflect.get(instance, key);
    if (typeof method !== 'function' || !policy) return;
    this.found.note(binding, key);
    const value = interceptProperty(instance, key, method as AnyMethod, this.parts.slot, policy);
    const isDefined = Reflect.defineProperty(instance, key, {
      configurable: true,
      writable: true,
      enumerable: own?.enumerable ?? false,
      value,
    });
    if (!isDefined) this.logger.warn(`${methodName(instance, key)} cannot be cached: its object is frozen or sealed`);
    else
      this.undo.push(
        () => void (own ? Reflect.defineProperty(instance, key, own) : Reflect.deleteProperty(instance, key)),
      );
  }
}
