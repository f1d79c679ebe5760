import 'reflect-metadata';
import type { ModulesContainer } from '@nestjs/core';
import {
  descriptorFromAnnotations,
  weakerDescriptor,
  type ToolAnnotations,
} from '../agent/descriptors/tool-annotations.js';
import type { ToolDescriptor } from '../agent/descriptors/tool-descriptor.js';

/** Where `@Tool({ name, annotations })` of `@rekog/mcp-nest` (1.5 to 2) leaves what it was given, on the method. */
const MCP_TOOL = 'mcp:tool';

/**
 * What the MCP tools that the app declares itself are, by their annotations. A tool without annotations is not known, and
 * of two tools of one name the weaker claim holds.
 */
export function annotatedTools(modules: ModulesContainer): ReadonlyMap<string, ToolDescriptor | undefined> {
  const tools = new Map<string, ToolDescriptor | undefined>();
  const note = (name: string, descriptor: ToolDescriptor | undefined): void => {
    tools.set(name, tools.has(name) ? weakerDescriptor(tools.get(name), descriptor) : descriptor);
  };
  for (const { providers, controllers } of modules.values()) {
    for (const { instance } of [...providers.values(), ...controllers.values()]) noteToolsOf(instance, note);
  }
  return tools;
}

type Note = (name: string, descriptor: ToolDescriptor | undefined) => void;

function noteToolsOf(instance: unknown, note: Note): void {
  try {
    for (const [key, method] of methodsOf(instance)) {
      const metadata: unknown = Reflect.getMetadata(MCP_TOOL, method);
      if (typeof metadata !== 'object' || metadata === null) continue;
      const { name, annotations } = metadata as { readonly name?: unknown; readonly annotations?: ToolAnnotations };
      note(typeof name === 'string' && name !== '' ? name : key, descriptorFromAnnotations(annotations));
    }
  } catch {
    // Some values of providers are proxies that refuse to be looked at: they declare no tools.
  }
}

/** Those that a call by name would reach: of its class and the classes above, the lowest one of each name. */
function methodsOf(instance: unknown): ReadonlyMap<string, object> {
  const methods = new Map<string, object>();
  const seen = new Set<string>();
  if (typeof instance !== 'object' || instance === null) return methods;
  for (let holder = prototypeOf(instance); holder && holder !== Object.prototype; holder = prototypeOf(holder)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (typeof value === 'function' && !seen.has(name)) methods.set(name, value as object);
      seen.add(name);
    }
  }
  return methods;
}

const prototypeOf = (object: object): object | null => Object.getPrototypeOf(object) as object | null;
