import { setTimeout as sleep } from 'node:timers/promises';
import { median, timeOf } from './rounds.mjs';
import { context } from './values.mjs';

const MANY = 1_000;
const ANSWER = JSON.stringify(context);

/** A loader of 1 ms, which then parses 8 KB of JSON, as the answer of a database or an endpoint is parsed. */
export async function loaderOfOneMs() {
  await sleep(1);
  return JSON.parse(ANSWER);
}

/** Milliseconds of the median of `count` calls, one after another, each for a key of its own. */
export async function medianCall(call, count) {
  const times = [];
  for (let index = 0; index < count; index++) times.push(await timeOf(() => call(freshKey())));
  return median(times);
}

/** Milliseconds until 1,000 calls at once, each for a key of its own, are answered. */
export const atOnce = (call) => timeOf(() => Promise.all(Array.from({ length: MANY }, () => call(freshKey()))));

const freshKey = () => `call:${process.hrtime.bigint()}:${Math.random()}`;
