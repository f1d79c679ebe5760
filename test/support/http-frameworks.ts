import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { TestingModule } from '@nestjs/testing';

type Adapter = ExpressAdapter | FastifyAdapter;

/** What Nest serves HTTP with, by name. The tests on Nest 11 have no Fastify. */
const ADAPTERS: Readonly<Record<string, () => Adapter>> = {
  Express: () => new ExpressAdapter(),
  ...(process.env.NEST !== '11' && (await fastify())),
};

export const HTTP_FRAMEWORKS = Object.keys(ADAPTERS);

/** The app of a module on a framework, ready to answer. `prepare` does what a `main.ts` does before it listens. */
export async function startHttpApp(
  module: TestingModule,
  framework = 'Express',
  prepare: (app: INestApplication) => void = () => undefined,
): Promise<INestApplication> {
  const adapter: AbstractHttpAdapter | undefined = ADAPTERS[framework]?.();
  if (!adapter) throw new Error(`${framework} is none of ${HTTP_FRAMEWORKS.join(', ')}`);
  const app = module.createNestApplication(adapter, { logger: false });
  prepare(app);
  await app.init();
  await adapter.getInstance<{ ready?: () => Promise<unknown> }>().ready?.();
  return app;
}

async function fastify(): Promise<Record<string, () => Adapter>> {
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return { Fastify: () => new FastifyAdapter() };
}
