import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScriptFailure } from './project.mjs';

const WAIT_SECONDS = 300;

/** Runs `work` while no other process runs under the same lock file. A lock whose process is gone does not count. */
export async function withLock(file, work) {
  await take(file);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function take(file) {
  mkdirSync(dirname(file), { recursive: true });
  const end = performance.now() + WAIT_SECONDS * 1000;
  while (performance.now() < end) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isHeld(file)) rmSync(file, { force: true });
    else await sleep(100);
  }
  throw new ScriptFailure(`Another process has held ${file} for ${WAIT_SECONDS} seconds: end it, or remove the file.`);
}

function isHeld(file) {
  try {
    const holder = Number(readFileSync(file, 'utf8'));
    // A lock without a number is just being taken.
    if (holder > 0) process.kill(holder, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
