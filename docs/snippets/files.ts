import { Module } from '@nestjs/common';
import { CacheModule, file, tree } from 'nestjs-agent-cache';

// #region descriptors
@Module({
  imports: [
    CacheModule.forRoot({
      tools: {
        read_file: {
          permissionTier: 'READ_ONLY',
          dependsOn: ({ path }: { path: string }) => [file(path)],
          validate: 'stat',
        },
        search: {
          permissionTier: 'READ_ONLY',
          dependsOn: ({ folder }: { folder: string }) => [tree(folder)],
          validate: 'stat',
        },
      },
    }),
  ],
})
export class ToolsModule {}
// #endregion descriptors

// #region watching
@Module({
  imports: [CacheModule.forRoot({ files: { watch: ['/workspace'], ignore: (path) => path.includes('node_modules') } })],
})
export class WatchingModule {}
// #endregion watching
