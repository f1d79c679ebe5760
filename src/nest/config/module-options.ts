import { aDuration, aFlag, anything, aScopeLevel, aText, type OptionRule } from '../../agent/option-rules.js';
import type { ToolDescriptor } from '../../agent/tool-descriptor.js';
import { isGroup, OptionCheck } from '../../core/policy/option-check.js';
import { type OptionNames, ROOT_NAMES } from '../../core/policy/option-names.js';
import type { CacheOptions, ResolvedOptions } from '../../core/policy/options.js';
import { resolveOptions } from '../../core/policy/resolve-options.js';
import type { CacheFactoryOptions } from '../cache.module-definition.js';
import type { CacheBinding } from '../interception/bindings.js';
import { mergeOptions } from './merge-options.js';

const NAMES: OptionNames<CacheFactoryOptions> = { ...ROOT_NAMES, tools: true };

const DESCRIPTOR_RULES: Readonly<Record<keyof ToolDescriptor, OptionRule>> = {
  permissionTier: aText,
  volatile: aFlag,
  ttl: aDuration,
  scope: aScopeLevel,
  version: aText,
  vary: anything,
};

/**
 * All options of an app: code over environment over defaults. A factory may answer nothing. Throws one
 * `CacheConfigurationError` that names every wrong and every unknown option, of bindings and tools too.
 */
export function resolveModuleOptions(environment: CacheOptions, code: unknown, bindings: unknown): ResolvedOptions {
  const check = new OptionCheck();
  checkBindings(bindings, check);
  const given = check.either<CacheFactoryOptions, CacheFactoryOptions>(
    'options',
    code ?? undefined,
    {},
    isGroup,
    'an object with options',
  );
  checkTools(given.tools, check);
  return resolveOptions(mergeOptions(environment, given), check, NAMES);
}

/** Whether it has the form of what `bindCache` answers. */
export function isBinding(value: unknown): value is CacheBinding {
  const { target, methods } = Object(value) as { readonly [K in keyof CacheBinding]?: unknown };
  return ['function', 'string', 'symbol'].includes(typeof target) && isGroup(methods);
}

function checkBindings(bindings: unknown, check: OptionCheck): void {
  if (!Array.isArray(bindings)) return check.reject('bindings', bindings, 'an array of what bindCache(…) answers');
  for (const [index, binding] of bindings.entries()) {
    if (!isBinding(binding)) check.reject(`bindings[${index}]`, binding, 'what bindCache(…) answers');
  }
}

function checkTools(tools: unknown, check: OptionCheck): void {
  if (tools === undefined || typeof tools === 'function') return;
  if (!isGroup(tools)) return check.reject('tools', tools, 'an object with a descriptor for each tool, or a function');
  for (const [tool, descriptor] of Object.entries(tools)) checkDescriptor(`tools.${tool}`, descriptor, check);
}

/** What a descriptor holds besides is the app's own. */
function checkDescriptor(name: string, descriptor: unknown, check: OptionCheck): void {
  if (!isGroup(descriptor))
    return check.reject(name, descriptor, "a descriptor such as { permissionTier: 'READ_ONLY' }");
  for (const [field, rule] of Object.entries(DESCRIPTOR_RULES)) {
    const value = (descriptor as Record<string, unknown>)[field];
    const isAbsent = value === undefined && field !== 'permissionTier';
    if (!isAbsent && !rule.accepts(value)) check.reject(`${name}.${field}`, value, rule.expected);
  }
}
