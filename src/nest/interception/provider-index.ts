import 'reflect-metadata';
import { type DiscoveryService, INQUIRER, type ModulesContainer, REQUEST } from '@nestjs/core';
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
  private readonly byClass = new Map<unknown, Provider[]>();
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
   * `Module.Token` of the one provider that the instance can belong to; `null` where there are several by that name, or
   * where the instance is made anew and holds the request it was made for.
   */
  ownerOf(instance: object): string | null {
    const known = this.byInstance.get(instance);
    const providers = known ?? this.byClass.get(classOf(instance)) ?? [];
    const [provider, ...others] = providers.filter(({ id }) => known === undefined || this.countById.get(id) === 1);
    if (!provider) return null;
    if (known) return others.reduce((best, other) => preferred(best, other, instance), provider).id;
    const isOnly = others.length === 0 && this.countById.get(provider.id) === 1;
    return isOnly && isMadeAnew(provider.wrapper) && !holdsRequest(provider.wrapper, new Set()) ? provider.id : null;
  }

  private add(provider: Provider): void {
    const { wrapper, id } = provider;
    const instance: unknown = wrapper.instance;
    this.countById.set(id, (this.countById.get(id) ?? 0) + 1);
    if (typeof instance === 'object' && instance !== null) append(this.byInstance, instance, provider);
    if (!wrapper.isNotMetatype) append<unknown>(this.byClass, wrapper.metatype, provider);
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

function append<K>(map: Map<K, Provider[]>, key: K, provider: Provider): void {
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

const isMadeAnew = (wrapper: Wrapper): boolean => wrapper.isTransient || !wrapper.isDependencyTreeStatic();

/** Whether the provider is given the request, or who asked for it, directly or through what it depends on. */
function holdsRequest(wrapper: Wrapper, seen: Set<Wrapper>): boolean {
  if (seen.has(wrapper)) return false;
  seen.add(wrapper);
  if ([wrapper.token, ...declaredDependencies(wrapper)].some(isOfRequest)) return true;
  const properties = (wrapper.getPropertiesMetadata() as { wrapper: Wrapper }[] | undefined) ?? [];
  const dependencies = [
    ...((wrapper.getCtorMetadata() as Wrapper[] | undefined) ?? []),
    ...properties.map((own) => own.wrapper),
  ];
  return dependencies.some(
    (dependency) => (dependency as Wrapper | undefined) !== undefined && holdsRequest(dependency, seen),
  );
}

const isOfRequest = (token: unknown): boolean => token === REQUEST || token === INQUIRER;

/** Tokens as written down: Nest keeps no wrapper for who asks. */
function declaredDependencies({ inject, metatype }: Wrapper): unknown[] {
  if (inject) return inject.map((token) => (typeof token === 'object' && 'token' in token ? token.token : token));
  if (typeof metatype !== 'function') return [];
  const parameters = (Reflect.getMetadata('self:paramtypes', metatype) ?? []) as { param: unknown }[];
  const properties = (Reflect.getMetadata('self:properties_metadata', metatype) ?? []) as { type: unknown }[];
  return [...parameters.map(({ param }) => param), ...properties.map(({ type }) => type)];
}
