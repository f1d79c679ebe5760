import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { prepare } from './prepare.js';
import { ensureSampleWorkspace } from './sample-workspace.js';
import { Settings } from './settings.js';
import { whatToTry } from './what-to-try.js';

const module = await AppModule.fromEnvironment();
await ensureSampleWorkspace(Settings.from(process.env).workspace);
const app = prepare(
  await NestFactory.create<NestExpressApplication>(module, { logger: ['warn', 'error', 'fatal'], bufferLogs: true }),
);
const port = process.env['PORT']?.trim() || '3000';
try {
  await app.listen(port);
  app.flushLogs();
  const cache = process.env['AGENT_BACKEND_CACHE'] === 'off' ? 'off' : process.env['REDIS_URL'] ? 'Redis' : 'memory';
  process.stdout.write(whatToTry(Number(new URL(await app.getUrl()).port), cache));
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  process.stderr.write(`Port ${port} is taken: stop what listens there, or set PORT to another one.\n`);
  process.exitCode = 1;
  await app.close();
}
