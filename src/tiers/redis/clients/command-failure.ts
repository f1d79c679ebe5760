import type { Fault } from '../../../core/resilience/guarded-call.js';

/** A command was not sent, because nothing is connected that could take it. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';

  /** `isConnecting`: no attempt to connect has failed yet, so waiting a moment may help. */
  constructor(readonly isConnecting: boolean) {
    super('not connected');
  }
}

const NEVER_SENT = /enableOfflineQueue|None of startup nodes|Failed to refresh slots cache/;
const PASSING_REPLY = /^(?:LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN) /;

/** What an error of the library means. The texts are the same in ioredis 5 and 6; there are no codes to go by. */
export function classifyFailure(error: unknown): Fault {
  if (error instanceof NotConnectedError) return { reason: 'disconnected', isPassing: error.isConnecting };
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'ReplyError' || /redirections/.test(message)) {
    return { reason: 'rejected', isPassing: PASSING_REPLY.test(message) };
  }
  if (NEVER_SENT.test(message)) return { reason: 'disconnected', isPassing: false };
  return { reason: 'connection-lost', isPassing: true };
}
