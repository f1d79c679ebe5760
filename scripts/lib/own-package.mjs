import module from 'node:module';

const NAME = /^nestjs-agent-cache(?:\/|$)/;

/** A module hook: whoever imports the package by its name gets the one of this project. */
export function resolve(specifier, context, next) {
  return next(specifier, NAME.test(specifier) ? { ...context, parentURL: import.meta.url } : context);
}

/** Lets modules that lie anywhere import this project's package by its name, for the rest of this process. */
export function offerOwnPackage() {
  if (module.registerHooks) module.registerHooks({ resolve });
  else module.register(import.meta.url);
}
