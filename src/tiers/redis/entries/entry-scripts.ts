import type {
  EntryWrite,
  LeaseExtension,
  LeaseRequest,
  LeaseState,
  PublishState,
} from '../../../core/ports/entry-store.js';
import type { StoreWrite } from '../../../core/ports/store.js';
import { isVersion } from '../../version-text.js';
import { bytesOf } from '../commands/batch-commands.js';
import { type KeyScript, ScriptRuns, type ScriptRunsParts } from './script-runs.js';
import { ENSURE_VERSION } from '../scripts/ensure-version.js';
import { EXTEND_LEASE } from '../scripts/extend-lease.js';
import { LEASE } from '../scripts/lease.js';
import { PUBLISH } from '../scripts/publish.js';
import { RELEASE } from '../scripts/release.js';

/** A lease to be given up. */
export type GivenLease = Pick<LeaseRequest, 'key' | 'token'>;

type LeaseReply = [state: LeaseState, serverTime: string];

/** The scripts of entries, each on the key of an item. */
export interface EntryScripts {
  readonly ensureVersion: ScriptRuns<StoreWrite, string>;
  readonly lease: ScriptRuns<LeaseRequest, LeaseReply>;
  readonly extendLease: ScriptRuns<LeaseExtension, 0 | 1>;
  readonly publish: ScriptRuns<EntryWrite, PublishState>;
  readonly release: ScriptRuns<GivenLease, 0 | 1>;
}

/** Whether a reply says that something was done, or that there was nothing to do. */
export const isFlag = (reply: unknown): reply is 0 | 1 => reply === 0 || reply === 1;
const isPublishState = (reply: unknown): reply is PublishState => reply === 'stored' || reply === 'lost';
const isLeaseReply = (reply: unknown): reply is LeaseReply =>
  Array.isArray(reply) && /^(?:held|taken|reserved|changed)$/.test(String(reply[0])) && /^\d+$/.test(String(reply[1]));

const leaseArguments = ({ token, stamp, seen, holdMs, ttlMs }: LeaseRequest): (string | number | Buffer)[] =>
  seen === 'any' ? [token, stamp, 'any', '', holdMs, ttlMs] : [token, stamp, 'seen', seen ?? '', holdMs, ttlMs];

const ensureVersion: KeyScript<StoreWrite, string> = {
  text: ENSURE_VERSION,
  argumentsOf: (write) => [bytesOf(write), write.ttlMs],
  idempotent: false,
  accepts: isVersion,
};
const lease: KeyScript<LeaseRequest, LeaseReply> = {
  text: LEASE,
  argumentsOf: leaseArguments,
  idempotent: false,
  accepts: isLeaseReply,
};
const extendLease: KeyScript<LeaseExtension, 0 | 1> = {
  text: EXTEND_LEASE,
  argumentsOf: ({ token, holdMs, ttlMs }) => [token, holdMs, ttlMs],
  idempotent: true,
  accepts: isFlag,
};
const publish: KeyScript<EntryWrite, PublishState> = {
  text: PUBLISH,
  argumentsOf: (write) => [write.token, bytesOf(write), write.ttlMs],
  idempotent: true,
  accepts: isPublishState,
};
const release: KeyScript<GivenLease, 0 | 1> = {
  text: RELEASE,
  argumentsOf: ({ token }) => [token],
  idempotent: true,
  accepts: isFlag,
};

export const entryScripts = (parts: ScriptRunsParts): EntryScripts => ({
  ensureVersion: new ScriptRuns(ensureVersion, parts),
  lease: new ScriptRuns(lease, parts),
  extendLease: new ScriptRuns(extendLease, parts),
  publish: new ScriptRuns(publish, parts),
  release: new ScriptRuns(release, parts),
});
