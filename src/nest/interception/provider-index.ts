import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { nameSegment } from './identity-segments.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

interface Provider {
  readonly wrapper: Wrapper;
  /** `Module.Token`. */
  readonly id: string;
}

/** Which provider of the app an instance belongs to, as the modules are at one moment. */
export class ProviderIndex {
  private readonly size: number;
  private readonly byInstance = new Map<object, Provider[]>();
  private readonly countById = new Map<string, number>();

  constructor(private readonly modules: ModulesContainer) {
    this.size = sizeOf(modules);
    for (const provider of providersOf(modules)) this.add(provider);
  }

  /** Whether modules or providers have come or gone since. */
  get isOutdated(): boolean {
    return sizeOf(this.modules) !== this.size;
  }

  /**
   * `Module.Token` of the provider whose one instance this is. `null` for an instance that is made anew for each request,
   * or for who asks: what its class, or what it depends on, holds of that cannot be seen. Also where several providers
   * have the name.
   */
  ownerOf(instance: object): string | null {
    const providers = this.byInstance.get(instance) ?? [];
    const [provider, ...others] = providers.filter(({ id }) => this.countById.get(id) === 1);
    return provider ? others.reduce((best, other) => preferred(best, other, instance), provider).id : null;
  }

  private add(provider: Provider): void {
    const { wrapper, id } = provider;
    const instance: unknown = wrapper.instance;
    this.countById.set(id, (this.countById.get(id) ?? 0) + 1);
    if (typeof instance === 'object' && instance !== null) append(this.byInstance, instance, provider);
  }
}

/** Guards and the like are instances of their own, beside the provider of the same class. */
function* providersOf(modules: ModulesContainer): Iterable<Provider> {
  for (const module of modules.values()) {
    const kinds = [
      ['', module.providers],
      ['', module.controllers],
      ['~i', module.injectables],
      ['~m', module.middlewares],
    ] as const;
    for (const [mark, wrappers] of kinds) {
      for (const wrapper of wrappers.values() as Iterable<Wrapper>) {
        if (!wrapper.isAlias) yield { wrapper, id: `${nameSegment(module.name)}.${mark}${tokenSegment(wrapper)}` };
      }
    }
  }
}

function sizeOf(modules: ModulesContainer): number {
  let size = modules.size;
  for (const { providers, controllers, injectables, middlewares } of modules.values()) {
    size += providers.size + controllers.size + injectables.size + middlewares.size;
  }
  return size;
}

/** Nest makes the tokens of app-wide guards and the like anew in every process: `APP_GUARD (UUID: …)`. */
function tokenSegment({ token, metatype }: Wrapper): string {
  const kind = typeof token === 'string' ? /^(APP_\w+) \(UUID: /.exec(token)?.[1] : undefined;
  return kind === undefined ? nameSegment(token) : `~a${kind}~${nameSegment(metatype)}`;
}

function append(map: Map<object, Provider[]>, key: object, provider: Provider): void {
  const present = map.get(key);
  if (present) present.push(provider);
  else map.set(key, [provider]);
}

/** An instance may be provided under several tokens: its class first, then by name, so that every process agrees. */
function preferred(one: Provider, other: Provider, instance: object): Provider {
  const isClass = ({ wrapper }: Provider): boolean => wrapper.token === classOf(instance);
  if (isClass(one) !== isClass(other)) return isClass(one) ? one : other;
  return one.id < other.id ? one : other;
}

const classOf = (instance: object): unknown => (Object.getPrototypeOf(instance) as object | null)?.constructor;
