import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SecretOptions } from '../agent/secrets/secret-finder.js';
import type { ToolDescriptor } from '../agent/descriptors/tool-descriptor.js';
import type { VerifyOptions } from '../agent/verification/verify-options.js';
import type { CacheOptions } from '../core/policy/options.js';
import type { FilesOptions } from './files/files-options.js';
import type { CacheBinding } from './interception/bindings.js';
import type { ScopeOptions } from './scope/scope-option.js';

/** What a factory of options answers; every option may be left out. Options given here win over the environment. */
export interface CacheFactoryOptions extends CacheOptions {
  /** What the app's tools are, by name, or a function that knows. See `TOOL_DESCRIPTORS` for a provider that knows. */
  tools?: Readonly<Record<string, ToolDescriptor>> | ((tool: string) => ToolDescriptor | undefined);
  /** Folders whose changes are told. Default: none. */
  files?: FilesOptions;
  /** Runs a share of the hits of tools again, in the background, and measures how many were wrong. Default: none. */
  verify?: VerifyOptions;
  scope?: ScopeOptions;
  /** What counts as a credential, besides what is known: calls and results of decorated methods that hold one are not stored. */
  secrets?: SecretOptions;
}

interface CacheModuleExtras {
  /** Whether `AgentCache` and the other services can be injected everywhere. Default true. */
  isGlobal?: boolean;
  /** Caching around classes that nobody may touch; see `bindCache`. */
  bindings?: readonly CacheBinding[];
}

/** Options of `CacheModule.forRoot`. */
export type CacheModuleOptions = CacheFactoryOptions & CacheModuleExtras;

/** Token of the bindings that were given to `CacheModule`. */
export const CACHE_BINDINGS = Symbol('nestjs-agent-cache:bindings');

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheFactoryOptions>({ moduleName: 'AgentCache' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheOptions')
    .setExtras<CacheModuleExtras>({ isGlobal: true, bindings: [] })
    .build();
