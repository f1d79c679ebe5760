/** Base of every error that this package throws on purpose. `code` is stable; the message says what to do. */
export abstract class CacheError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A call with a wrong argument: a mistake in the program, found at once. Nothing was read or written. */
export class CacheArgumentError extends CacheError {
  readonly code = 'CACHE_ARGUMENT';
}

/** A value that no key can be made of: a function, a symbol, a cycle, a class instance without `toJSON`, a lone surrogate. */
export class CacheKeyError extends CacheError {
  readonly code = 'CACHE_KEY';
}

/** Wrong configuration. The message names every wrong variable, what it was and what is allowed. */
export class CacheConfigurationError extends CacheError {
  readonly code = 'CACHE_CONFIGURATION';
}

/** A loader of many answered with another number of results than it was asked for. Nothing was stored. */
export class CacheLoadError extends CacheError {
  readonly code = 'CACHE_LOAD';
}

/** A call that may not load (`onlyIfCached`) found nothing that it could be given. Its loader did not run. */
export class CacheMissError extends CacheError {
  readonly code = 'CACHE_MISS';

  constructor() {
    super('Nothing usable is stored, and `onlyIfCached` allows no load: load without it, or go on without the result.');
  }
}
