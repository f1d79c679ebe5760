import type { NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** How the app must be made: without the parsers of Nest, which take forms as well as JSON. */
export const APP_OPTIONS: NestApplicationOptions = { bodyParser: false };

/** What a Nest app of the backend needs besides its modules: large enough bodies, and a clean end on SIGINT and SIGTERM. */
export function prepare(app: NestExpressApplication): NestExpressApplication {
  app.useBodyParser('json', { limit: '2mb' });
  return app.enableShutdownHooks();
}
