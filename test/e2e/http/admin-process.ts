import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CacheHttpModule } from '../../../src/nest/http/cache-http.module.js';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { serve } from '../../support/child-side.js';

@Module({ imports: [CacheModule.forRoot({ redis: { url: '' } }), CacheHttpModule] })
class AppModule {}

/** An app as users start it, in a process of its own: the packages are those that Node finds. */
serve({
  async listen(token: string): Promise<string> {
    process.env['CACHE_ADMIN_TOKEN'] = token;
    const app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  },
});
