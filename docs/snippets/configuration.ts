import { dirname } from 'node:path';
import { Module } from '@nestjs/common';
import { CacheModule, resource } from 'nestjs-agent-cache';

// #region cascade
@Module({
  imports: [
    CacheModule.forRoot({
      cascade: {
        // What names a price list is unusable once its catalogue has changed, and what names that, once its shop has.
        tag: (tag) => (tag.startsWith('prices-') ? ['catalogue'] : tag === 'catalogue' ? ['shop'] : []),
        // A file changes with its folder.
        resource: ({ type, id }) => (type === 'file' ? [resource('folder', dirname(id))] : []),
      },
    }),
  ],
})
export class ShopModule {}
// #endregion cascade
