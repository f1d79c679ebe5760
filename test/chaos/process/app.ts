import { type BeforeApplicationShutdown, type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentCache } from '../../../src/core/cache.js';
import type { CachePolicy, InvalidationTarget } from '../../../src/core/policy/cache-policy.js';
import type { CacheModuleOptions } from '../../../src/nest/cache.module-definition.js';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { letGo, serve } from '../../support/child-side.js';

export interface AppSpec {
  readonly options: CacheModuleOptions;
  readonly hasShutdownHooks: boolean;
}

export interface Answered {
  readonly answered: number;
  readonly longestMs: number;
  /** Whether the loader was not asked. */
  readonly areHits: boolean;
}

/** A provider as apps have it. When the app ends, it waits for its calls, as servers do for their requests. */
@Injectable()
class Reports implements BeforeApplicationShutdown {
  loads = 0;
  private readonly underWay = new Set<Promise<unknown>>();

  @Cacheable({ namespace: 'reports', key: (id: string) => id, tags: ['reports'] })
  async read(id: string): Promise<{ id: string }> {
    this.loads++;
    return { id };
  }

  async call(id: string): Promise<{ id: string }> {
    const reading = this.read(id);
    this.underWay.add(reading);
    const report = await reading;
    this.underWay.delete(reading);
    return report;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.underWay);
  }
}

interface Held {
  app?: INestApplicationContext;
  isBusy: boolean;
  files: number[];
  taking?: NodeJS.Timeout;
}

/** A process with an app that does what it is told. */
const { connect } = Socket.prototype;
const held: Held = { isBusy: false, files: [] };
const app = (): INestApplicationContext => held.app as INestApplicationContext;
const cache = (): AgentCache => app().get(AgentCache);
const reports = (): Reports => app().get(Reports);
const forEver = (): Promise<never> => {
  held.isBusy = true;
  return new Promise(() => undefined);
};

async function call(count: number, what: string): Promise<Answered> {
  const before = reports().loads;
  let longestMs = 0;
  const one = async (id: string): Promise<void> => {
    const startedAtMs = performance.now();
    if ((await reports().call(id)).id !== id) throw new Error(`another answer than of ${id}`);
    longestMs = Math.max(longestMs, performance.now() - startedAtMs);
  };
  await Promise.all(Array.from({ length: count }, (_, index) => one(`${what}-${index}`)));
  return { answered: count, longestMs, areHits: reports().loads === before };
}

serve({
  open: async ({ options, hasShutdownHooks }: AppSpec) => {
    class App {}
    Module({ imports: [CacheModule.forRoot(options)], providers: [Reports] })(App);
    held.app = await NestFactory.createApplicationContext(App, { logger: false });
    if (hasShutdownHooks) held.app.enableShutdownHooks();
    while (!(await cache().set('probe:1', 1))) await sleep(5);
  },
  call: ({ count, what }: { count: number; what: string }) => call(count, what),
  /** Writes what comes of it to the output, for who cannot be asked any more. */
  callAndTell: ({ count, what }: { count: number; what: string }) =>
    void call(count, what).then(({ answered }) => process.stdout.write(`answered ${answered}\n`)),
  /** Loads under a lease that is kept up, and never comes to an end. */
  load: ({ key, policy }: { key: string; policy: CachePolicy<unknown> }) =>
    void cache().getOrLoad(key, forEver, policy),
  /** Makes something unusable before and after a change that never comes to an end. */
  change: (target: InvalidationTarget) => void cache().invalidateAround(target, forEver),
  invalidate: (target: InvalidationTarget) => void cache().invalidate(target),
  isBusy: () => held.isBusy,
  /** Takes all descriptors that the process may have, also those that become free. Resolves to how many those are now. */
  exhaust: () => {
    const takeAll = (): number => {
      try {
        for (;;) held.files.push(openSync('/dev/null', 'r'));
      } catch {
        return held.files.length;
      }
    };
    held.taking = setInterval(takeAll, 1);
    // What a lost connection gives back must not be had by the next one.
    Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
      takeAll();
      return Reflect.apply(connect, this, args) as Socket;
    };
    return takeAll();
  },
  release: () => {
    clearInterval(held.taking);
    Socket.prototype.connect = connect;
    held.files.splice(0).forEach((file) => closeSync(file));
  },
  /** Milliseconds that closing takes. Nothing but the app can keep the process alive from then on. */
  close: async () => {
    const startedAtMs = performance.now();
    await app().close();
    setImmediate(letGo);
    return performance.now() - startedAtMs;
  },
});
