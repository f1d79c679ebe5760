import { Module } from '@nestjs/common';
import { CacheModule } from 'nestjs-agent-cache';

// #region verify
@Module({
  imports: [
    CacheModule.forRoot({
      // One hit of 100 is run again. Where more than 5 % are wrong, for certain, the tool is not cached any more.
      verify: { ratio: 0.01, maxWrongRate: 0.05 },
      tools: {
        search_flights: {
          permissionTier: 'READ_ONLY',
          // What an answer may differ in and still be right.
          normalise: ({ flights }: { flights: string[]; askedAt: string }) => [...flights].sort(),
          // What a hit saves besides time.
          cost: { usd: 0.002 },
        },
      },
    }),
  ],
})
export class FlightsModule {}
// #endregion verify
