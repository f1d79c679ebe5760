import { Injectable, Module } from '@nestjs/common';
import { CacheModule, CacheScope, file, resource, tree } from 'nestjs-agent-cache';

interface PathParams {
  readonly path: string;
}

// #region tools
@Module({
  imports: [
    CacheModule.forRoot({
      tools: {
        read_file: { permissionTier: 'READ_ONLY', dependsOn: ({ path }: PathParams) => [file(path)] },
        search: { permissionTier: 'READ_ONLY', dependsOn: ({ path }: PathParams) => [tree(path)] },
        get_ticket: { permissionTier: 'READ_ONLY', dependsOn: ({ id }: { id: string }) => [resource('ticket', id)] },
        write_file: { permissionTier: 'WRITE', mutates: ({ path }: PathParams) => [file(path)] },
        notify: { permissionTier: 'WRITE', mutates: () => [] },
      },
    }),
  ],
})
export class AppModule {}
// #endregion tools

// #region copies
@Injectable()
export class Runs {
  constructor(private readonly scope: CacheScope) {}

  /** Each run works on its own clone of the commit. `chain`: where it has come to in another process. */
  async go(run: string, commit: string, work: () => Promise<void>, chain?: string): Promise<string | undefined> {
    const copy = { session: run, base: `repo@${commit}`, ...(chain !== undefined && { chain }) };
    return this.scope.run(copy, async () => {
      await work();
      return this.scope.chain();
    });
  }
}
// #endregion copies
