/** What does a decorated method's hit in memory cost? Limit: the same key made by hand, and the hit under it. */
import assert from 'node:assert/strict';
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AgentCache, Cacheable, CacheKeyGenerator, CacheModule } from 'nestjs-agent-cache';
import { counting } from '../lib/caches.mjs';
import { inTurns, pace } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';
import { parameters, toolResult } from '../lib/values.mjs';

const QUERIES = Array.from({ length: 100 }, (_, id) => ({ ...parameters, id }));

class Reports {
  loads = 0;

  async find(_query) {
    this.loads++;
    return toolResult;
  }
}
decorate(Reports.prototype, 'find', Cacheable());

class ReportsModule {}
Module({ imports: [CacheModule.forRoot({ redis: undefined })], providers: [Reports] })(ReportsModule);

export async function measure({ rounds, roundMs }) {
  const app = await withoutEnvironment(() => NestFactory.createApplicationContext(ReportsModule, { logger: false }));
  const reports = app.get(Reports);
  const cache = app.get(AgentCache);
  const keys = app.get(CacheKeyGenerator);
  const counter = { loads: 0 };
  const loader = counting(counter, toolResult);
  const queryOf = (index) => QUERIES[index % QUERIES.length];
  const decorated = (index) => reports.find(queryOf(index));
  const byHand = (index) => cache.getOrLoad(`by-hand:#${keys.hash([queryOf(index)])}`, loader);
  for (const index of QUERIES.keys()) {
    await decorated(index);
    await byHand(index);
  }
  const times = (call) => async () => 1_000_000 / (await pace(call, roundMs));
  const { ours, limit } = await inTurns({ ours: times(decorated), limit: times(byHand) }, rounds);
  await app.close();
  assert.deepEqual([reports.loads, counter.loads], [QUERIES.length, QUERIES.length], 'a hit has run the method');
  return [row('decorated hit', 'µs', ours, limit)];
}

function decorate(prototype, name, decorator) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  decorator(prototype, name, descriptor);
  Object.defineProperty(prototype, name, descriptor);
}

/** The module is configured by the environment: here nothing of it may count. */
async function withoutEnvironment(work) {
  const names = Object.keys(process.env).filter((name) =>
    /^(CACHE|REDIS|EMBEDDINGS|ENABLE_CACHE|LLAMAINDEX_CACHE)/.test(name),
  );
  const values = names.map((name) => [name, process.env[name]]);
  for (const name of names) delete process.env[name];
  try {
    return await work();
  } finally {
    Object.assign(process.env, Object.fromEntries(values));
  }
}
