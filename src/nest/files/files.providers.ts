import { Logger, type Provider } from '@nestjs/common';
import { LocalFileStates } from '../../agent/files/file-states.js';
import { systemClock } from '../../composition/system-clock.js';
import { AgentCache } from '../../core/cache.js';
import { type CacheFactoryOptions, MODULE_OPTIONS_TOKEN } from '../cache.module-definition.js';
import { FileWatch } from './file-watch.js';

/** What looks at files, and what hears of them. */
export const filesProviders: Provider[] = [
  { provide: LocalFileStates, useFactory: () => new LocalFileStates(systemClock) },
  {
    provide: FileWatch,
    inject: [AgentCache, MODULE_OPTIONS_TOKEN],
    useFactory: (cache: AgentCache, options: CacheFactoryOptions | null | undefined): FileWatch => {
      const logger = new Logger('AgentCache');
      return new FileWatch(options?.files ?? {}, {
        cache,
        clock: systemClock,
        warn: (message) => logger.warn(message),
      });
    },
  },
];
