import 'reflect-metadata';
import { layersOf, markLayers } from './method-site.js';

/** Gives `method` what others look for on `original`: name, length, metadata and marks of other decorators. */
export function disguise<M extends (...args: never[]) => unknown>(method: M, original: object): M {
  for (const key of Reflect.ownKeys(original)) {
    const property = Reflect.getOwnPropertyDescriptor(original, key);
    const isNamed = key === 'name' || key === 'length';
    if (property && (isNamed || !Object.hasOwn(method, key))) Object.defineProperty(method, key, property);
  }
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), method);
  }
  markLayers(method, layersOf(original) + 1);
  return method;
}
