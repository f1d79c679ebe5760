import { describe, expect, it } from '@jest/globals';
import { descriptorFromAnnotations, weakerDescriptor } from '../../../src/agent/descriptors/tool-annotations.js';

const READS = { permissionTier: 'READ_ONLY' };
const READS_THE_WORLD = { permissionTier: 'READ_ONLY', volatile: true };
const WRITES = { permissionTier: 'WRITE' };

describe('descriptorFromAnnotations', () => {
  it.each<[unknown, unknown]>([
    [{ readOnlyHint: true }, READS],
    [{ readOnlyHint: true, destructiveHint: false, openWorldHint: false }, READS],
    [{ readOnlyHint: true, destructiveHint: null, openWorldHint: null }, READS],
    [{ readOnlyHint: true, openWorldHint: true }, READS_THE_WORLD],
    [{ readOnlyHint: true, openWorldHint: 'yes' }, READS_THE_WORLD],
    [{ readOnlyHint: true, destructiveHint: true }, WRITES],
    [{ readOnlyHint: true, destructiveHint: 'perhaps' }, WRITES],
    [{ readOnlyHint: false }, WRITES],
    [{ readOnlyHint: 'true' }, WRITES],
    [{ readOnlyHint: 1 }, WRITES],
    [{ destructiveHint: false, idempotentHint: true }, WRITES],
    [{}, WRITES],
    [null, undefined],
    [undefined, undefined],
    ['readOnlyHint', undefined],
  ])('makes of %j: %j', (annotations, descriptor) => {
    expect(descriptorFromAnnotations(annotations as null)).toEqual(descriptor);
  });
});

describe('weakerDescriptor', () => {
  it.each<[unknown, unknown, unknown]>([
    [READS, READS, READS],
    [READS, READS_THE_WORLD, READS_THE_WORLD],
    [READS, WRITES, WRITES],
    [READS, undefined, undefined],
    [WRITES, undefined, undefined],
    [undefined, undefined, undefined],
  ])('holds for two tools of one name: %j and %j', (one, other, weaker) => {
    expect(weakerDescriptor(one as undefined, other as undefined)).toEqual(weaker);
    expect(weakerDescriptor(other as undefined, one as undefined)).toEqual(weaker);
  });
});
