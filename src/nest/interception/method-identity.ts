import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { methodSegment } from './identity-segments.js';
import type { MethodSite } from './method-site.js';
import { ProviderIndex } from './provider-index.js';

interface Remembered {
  readonly index: ProviderIndex;
  readonly owner: string | null;
}

/** Who owns the results of a method call: the same name in every process of the app, and nobody else's. */
@Injectable()
export class MethodIdentity {
  private index: ProviderIndex | null = null;
  private isBooted = false;
  private readonly owners = new WeakMap<object, Remembered>();
  private readonly methods = new WeakMap<MethodSite, WeakMap<object, string>>();

  constructor(private readonly modules: ModulesContainer) {}

  /** From now on all instances that are not made anew are there. */
  settle(): void {
    this.isBooted = true;
    this.index = null;
  }

  /** `Module.Token.method`; `null` where the provider cannot be told. */
  of(instance: object, site: MethodSite): string | null {
    const owner = this.ownerOf(instance);
    return owner === null ? null : `${owner}.${this.methodOf(instance, site)}`;
  }

  /** The method alone. */
  methodOf(instance: object, site: MethodSite): string {
    const prototype = (Object.getPrototypeOf(instance) as object | null) ?? instance;
    const known = this.methods.get(site)?.get(prototype);
    if (known !== undefined) return known;
    const segment = methodSegment(instance, site);
    const segments = this.methods.get(site) ?? new WeakMap<object, string>();
    this.methods.set(site, segments.set(prototype, segment));
    return segment;
  }

  private ownerOf(instance: object): string | null {
    const remembered = this.owners.get(instance);
    if (remembered && remembered.index === this.index) return remembered.owner;
    if (!this.index || !this.isBooted || this.index.isOutdated) this.index = new ProviderIndex(this.modules);
    const owner = this.index.ownerOf(instance);
    this.owners.set(instance, { index: this.index, owner });
    return owner;
  }
}
