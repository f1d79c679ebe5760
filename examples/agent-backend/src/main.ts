import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { prepare } from './prepare.js';

const app = prepare(await NestFactory.create<NestExpressApplication>(await AppModule.fromEnvironment()));
const port = process.env['PORT']?.trim() || '3000';
try {
  await app.listen(port);
  new Logger('agent-backend').log(`listening on ${await app.getUrl()}`);
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  process.stderr.write(`Port ${port} is taken: stop what listens there, or set PORT to another one.\n`);
  process.exitCode = 1;
  await app.close();
}
