import { randomUUID } from 'node:crypto';
import { digest } from '../key/digest.js';

/** 128 bits as 32 hex digits: a state, or one write that led to it. */
export type StateDigest = string;

/** The same parts give the same digest in every process, and different ones never share one. */
export const stateDigest = (...parts: readonly unknown[]): StateDigest => digest(JSON.stringify(parts)).slice(0, 32);

/** One that nobody else ever has. */
export const uniqueDigest = (): StateDigest => stateDigest('unique', randomUUID());
