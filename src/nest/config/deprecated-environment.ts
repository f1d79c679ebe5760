import type { CacheEnvironment } from './cache-environment.js';
import { IsBooleanText, IsDayCount, IsDeprecatedPrefix, IsTimeToLive } from './environment-validators.js';

/** Names that variables had before, as text. Each is still read. An empty text means absent. */
export class DeprecatedEnvironment {
  @IsBooleanText() ENABLE_CACHE = '';
  @IsTimeToLive() CACHE_TTL = '';
  @IsBooleanText() REDIS_EMBEDDING_CACHE_ENABLED = '';
  @IsDayCount() REDIS_EMBEDDING_CACHE_TTL_DAYS = '';
  @IsDeprecatedPrefix() REDIS_EMBEDDING_CACHE_PREFIX = '';
}

type Adoption = (text: string) => Partial<CacheEnvironment>;

interface Successor {
  /** What to write in its place. */
  readonly instead: string;
  /** The variable that wins where both are set. */
  readonly name?: keyof CacheEnvironment;
  /** What the old text means today. */
  readonly adopt: Adoption;
}

const SUCCESSORS: Readonly<Record<keyof DeprecatedEnvironment, Successor>> = {
  ENABLE_CACHE: renamed('CACHE_ENABLED', (text) => ({ CACHE_ENABLED: text })),
  CACHE_TTL: renamed('CACHE_DEFAULT_TTL', (text) => ({ CACHE_DEFAULT_TTL: text })),
  REDIS_EMBEDDING_CACHE_ENABLED: {
    instead: 'the option embeddings: { enabled: … } of CacheModule.forRoot()',
    adopt: () => ({}),
  },
  REDIS_EMBEDDING_CACHE_TTL_DAYS: renamed('CACHE_TTL_EMBEDDING', (days) => ({ CACHE_TTL_EMBEDDING: `${days}d` })),
  REDIS_EMBEDDING_CACHE_PREFIX: renamed('CACHE_PREFIX', (text) => ({ CACHE_PREFIX: text.replace(/:+$/, '') })),
};

/** The deprecated variables without those whose new name is set too. */
export function withoutOverruled(deprecated: DeprecatedEnvironment, given: ReadonlySet<string>): DeprecatedEnvironment {
  const rest = new DeprecatedEnvironment();
  for (const name of namesOf(deprecated)) if (!isOverruled(name, given)) rest[name] = deprecated[name];
  return rest;
}

/** A line for each deprecated variable that is set: that it is old, or that it is ignored. */
export function deprecationsIn(deprecated: DeprecatedEnvironment, given: ReadonlySet<string>): string[] {
  return namesOf(deprecated).map((name) => {
    const { instead, name: successor } = SUCCESSORS[name];
    return isOverruled(name, given)
      ? `${name} is ignored because ${successor} is set: remove it`
      : `${name} is deprecated: use ${instead}`;
  });
}

/** What deprecated variables, all of them valid, say under the names of today. */
export function adoptedFrom(deprecated: DeprecatedEnvironment): Partial<CacheEnvironment> {
  const adopted = namesOf(deprecated).map((name) => SUCCESSORS[name].adopt(deprecated[name]));
  return Object.assign({}, ...adopted) as Partial<CacheEnvironment>;
}

function isOverruled(name: keyof DeprecatedEnvironment, given: ReadonlySet<string>): boolean {
  const { name: successor } = SUCCESSORS[name];
  return successor !== undefined && given.has(successor);
}

/** Names of those that are set. */
function namesOf(deprecated: DeprecatedEnvironment): (keyof DeprecatedEnvironment)[] {
  const names = Object.keys(SUCCESSORS) as (keyof DeprecatedEnvironment)[];
  return names.filter((name) => deprecated[name] !== '');
}

function renamed(name: keyof CacheEnvironment, adopt: Adoption): Successor {
  return { instead: name, name, adopt };
}
