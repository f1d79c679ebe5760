import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import * as asyncHooks from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import * as crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import 'reflect-metadata';
import type * as Throttler from '@nestjs/throttler';

/**
 * `@nestjs/throttler` in jest. It is CommonJS and requires Nest, which is ES modules: Node does that, jest does not yet. So
 * its files are run here, with the Nest that the tests import.
 */
const folder = dirname(createRequire(import.meta.url).resolve('../../node_modules/@nestjs/throttler/dist/index.js'));
const given: Readonly<Record<string, unknown>> = {
  '@nestjs/common': common,
  '@nestjs/core': core,
  'reflect-metadata': {},
  async_hooks: asyncHooks,
  crypto,
  'node:crypto': crypto,
  net,
};
const loaded = new Map<string, { exports: object }>();

type Run = (require: (id: string) => unknown, exports: object, module: object) => void;

function load(file: string): object {
  const known = loaded.get(file);
  if (known) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  // A function of this realm, as all that it is given.
  const run = Reflect.construct(Function, ['require', 'exports', 'module', readFileSync(file, 'utf8')]) as Run;
  run((id: string) => requireFrom(file, id), module.exports, module);
  return module.exports;
}

function requireFrom(file: string, id: string): unknown {
  if (id.startsWith('.')) return load(join(dirname(file), `${id}.js`));
  if (id in given) return given[id];
  throw new Error(`@nestjs/throttler requires ${id}, which test/support/throttler.ts does not give it`);
}

const { ThrottlerGuard, ThrottlerModule } = load(join(folder, 'index.js')) as Pick<
  typeof Throttler,
  'ThrottlerGuard' | 'ThrottlerModule'
>;
export { ThrottlerGuard, ThrottlerModule };
