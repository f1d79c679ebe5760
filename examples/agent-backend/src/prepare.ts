import type { NestExpressApplication } from '@nestjs/platform-express';

/** What a Nest app of the backend needs besides its modules: large enough bodies, and a clean end on SIGINT and SIGTERM. */
export function prepare(app: NestExpressApplication): NestExpressApplication {
  app.useBodyParser('json', { limit: '2mb' });
  return app.enableShutdownHooks();
}
