import {
  aCost,
  aDuration,
  aFlag,
  aFunction,
  anything,
  aScopeLevel,
  aText,
  isTexts,
  type OptionRule,
} from '../../agent/options/option-rules.js';
import type { ToolDescriptor } from '../../agent/descriptors/tool-descriptor.js';
import type { VerifyOptions } from '../../agent/verification/verify-options.js';
import { isGroup, OptionCheck } from '../../core/policy/option-check.js';
import { type OptionNames, ROOT_NAMES } from '../../core/policy/option-names.js';
import type { CacheOptions, ResolvedOptions } from '../../core/policy/options.js';
import { resolveOptions } from '../../core/policy/resolve-options.js';
import type { CacheFactoryOptions } from '../cache.module-definition.js';
import type { FilesOptions } from '../files/files-options.js';
import { checkSecrets } from './secret-options.js';
import type { CacheBinding } from '../interception/bindings.js';
import { checkedScope } from '../scope/scope-option.js';
import { mergeOptions } from './merge-options.js';

const NAMES: OptionNames<CacheFactoryOptions> = {
  ...ROOT_NAMES,
  tools: true,
  files: true,
  verify: true,
  secrets: true,
};
const FILES_NAMES: OptionNames<FilesOptions> = { watch: true, ignore: true };
const VERIFY_NAMES: OptionNames<VerifyOptions> = { ratio: true, maxWrongRate: true };

const DESCRIPTOR_RULES: Readonly<Record<keyof ToolDescriptor, OptionRule>> = {
  permissionTier: aText,
  volatile: aFlag,
  ttl: aDuration,
  scope: aScopeLevel,
  version: aText,
  dependsOn: aFunction,
  mutates: aFunction,
  validate: {
    expected: "'stat', 'content' or 'none'",
    accepts: (value) => ['stat', 'content', 'none'].includes(value as string),
  },
  admit: aFunction,
  cost: aCost,
  normalise: aFunction,
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
  checkSecrets(given.secrets, check);
  checkFiles(given.files, check);
  checkVerify(given.verify, check);
  const scope = checkedScope(given.scope, check);
  return resolveOptions(mergeOptions(environment, { ...given, ...scope }), check, NAMES);
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

function checkFiles(given: FilesOptions | undefined, check: OptionCheck): void {
  const { watch, ignore } = check.group('files', given, FILES_NAMES);
  if (watch !== undefined && !isTexts(watch)) check.reject('files.watch', watch, 'an array of paths of folders');
  if (ignore !== undefined && !aFunction.accepts(ignore)) check.reject('files.ignore', ignore, 'a function of a path');
}

function checkVerify(verify: unknown, check: OptionCheck): void {
  if (verify === undefined) return;
  const { ratio, maxWrongRate } = check.group('verify', verify as VerifyOptions, VERIFY_NAMES);
  if (isGroup(verify) && !(isNumber(ratio) && ratio >= 0 && ratio <= 1)) {
    check.reject('verify.ratio', ratio, 'a number from 0 to 1, such as 0.01');
  }
  if (maxWrongRate !== undefined && !(isNumber(maxWrongRate) && maxWrongRate > 0 && maxWrongRate < 1)) {
    check.reject('verify.maxWrongRate', maxWrongRate, 'a number between 0 and 1, such as 0.05');
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** What a descriptor holds besides is the app's own. */
function checkDescriptor(name: string, descriptor: unknown, check: OptionCheck): void {
  if (!isGroup(descriptor))
    return check.reject(name, descriptor, "a descriptor such as { permissionTier: 'READ_ONLY' }");
  for (const [field, rule] of Object.entries(DESCRIPTOR_RULES)) {
    const value = (descriptor as Record<string, unknown>)[field];
    const isAbsent = value === undefined && field !== 'permissionTier';
    if (!isAbsent && !rule.accepts(value)) check.reject(`${name}.${field}`, value, rule.expected);
  }
  const { validate = 'none', dependsOn } = descriptor as Partial<ToolDescriptor>;
  if (validate === 'none' || dependsOn !== undefined) return;
  check.reject(`${name}.validate`, validate, "'none', or a 'dependsOn' beside it that says which files to look at");
}
