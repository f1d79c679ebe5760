import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { CacheClient } from 'nestjs-agent-cache';
import { AppModule } from './app.module.js';
import { wantsCache } from './caching.js';
import { problemWithPort } from './port.js';
import { APP_OPTIONS, prepare } from './prepare.js';
import { ensureSampleWorkspace } from './sample-workspace.js';
import { Settings, SettingsError } from './settings.js';
import { whatToTry } from './what-to-try.js';

async function start(): Promise<void> {
  const module = await AppModule.fromEnvironment();
  const port = process.env['PORT']?.trim() || '3000';
  // Whoever can send requests can change files: other machines are let in only by who says so.
  const host = process.env['HOST']?.trim() || '127.0.0.1';
  const problem = await problemWithPort(port, host);
  if (problem) throw new SettingsError(problem);
  await ensureSampleWorkspace(Settings.from(process.env).workspace);
  const options = { ...APP_OPTIONS, logger: ['warn' as const, 'error' as const, 'fatal' as const] };
  const app = prepare(await NestFactory.create<NestExpressApplication>(module, options));
  await app.listen(port, host);
  process.stdout.write(whatToTry({ host, port: Number(port), cache: await cacheOf(app) }));
}

/** The cache may also be switched off by `CACHE_ENABLED`, and Redis be named in several ways: the cache itself knows. */
async function cacheOf(app: NestExpressApplication): Promise<'off' | 'memory' | 'Redis'> {
  if (!wantsCache(process.env)) return 'off';
  const { enabled, mode } = await app.get(CacheClient).healthCheck();
  return !enabled ? 'off' : mode === 'memory' ? 'memory' : 'Redis';
}

await start().catch((error: unknown) => {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
