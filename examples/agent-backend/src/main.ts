import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { problemWithPort } from './port.js';
import { prepare } from './prepare.js';
import { ensureSampleWorkspace } from './sample-workspace.js';
import { Settings } from './settings.js';
import { whatToTry } from './what-to-try.js';

const module = await AppModule.fromEnvironment();
const port = process.env['PORT']?.trim() || '3000';
const problem = await problemWithPort(port);
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
} else {
  await ensureSampleWorkspace(Settings.from(process.env).workspace);
  const app = prepare(await NestFactory.create<NestExpressApplication>(module, { logger: ['warn', 'error', 'fatal'] }));
  await app.listen(port);
  const cache = process.env['AGENT_BACKEND_CACHE'] === 'off' ? 'off' : process.env['REDIS_URL'] ? 'Redis' : 'memory';
  process.stdout.write(whatToTry(Number(port), cache));
}
