import { ValidateBy } from 'class-validator';
import { parseByteSize } from '../../core/policy/byte-size.js';
import { OPTION_LIMITS } from '../../core/policy/default-options.js';
import { parseDuration } from '../../core/policy/duration.js';
import { parseEncryptionKeys } from '../../core/policy/encryption-keys.js';
import { isNodeAddress, isRedisUrl } from '../../core/policy/redis-address.js';
import { isCachePrefix } from '../../core/policy/resolve-options.js';
import {
  parseBooleanText,
  parseCountText,
  parseDurationOrOff,
  parseDurationText,
  parseListText,
} from './environment-values.js';
import { isCertificateFile, isKeyFile } from './tls-files.js';

const PREFIX_EXPECTED = "1 to 64 letters, digits, '.', '_' or '-' that begin with a letter or digit, such as my-app";

interface Range {
  readonly min: number;
  readonly max: number;
}

/** `true/false/1/0/yes/no/on/off`. */
export const IsBooleanText = (): PropertyDecorator =>
  textRule('true or false (also 1/0, yes/no, on/off), such as true', (text) => parseBooleanText(text) !== null);

/** A time to live: at least one millisecond. */
export const IsTimeToLive = (): PropertyDecorator =>
  durationRule('a duration of at least 1ms; a bare number means seconds; such as 30m or 3600', {
    min: 1,
    max: Infinity,
  });

/** A duration, or `0` for off. */
export const IsDurationOrOff = (): PropertyDecorator =>
  durationRule('a duration, or 0 for off; a bare number means seconds; such as 10m', { min: 0, max: Infinity });

/** A duration, or the word `off`, which `0` means as well. */
export const IsDurationOrOffWord = (): PropertyDecorator =>
  textRule('a duration, or off; a bare number means seconds; such as 1s', (text) => parseDurationOrOff(text) !== null);

/** How long Redis may take. */
export const IsTimeout = (): PropertyDecorator =>
  durationRule('a duration from 1ms to 60s; a bare number means seconds; such as 100ms', OPTION_LIMITS.redisTimeoutMs);

/** A number of days, more than none. */
export const IsDayCount = (): PropertyDecorator =>
  textRule('a number of days, such as 7', (text) => isWithin(parseDuration(`${text}d`), { min: 1, max: Infinity }));

/** A number of bytes with or without a unit. */
export const IsByteSize = (): PropertyDecorator =>
  textRule('a size in bytes, kb, mb or gb, or 0 for off, such as 64mb', (text) => parseByteSize(text) !== null);

/** A whole number within bounds. */
export const IsCount = (range: Range): PropertyDecorator =>
  textRule(`a whole number from ${range.min} to ${range.max}, such as ${range.min}`, (text) =>
    isWithin(parseCountText(text), range),
  );

/** First part of every key. */
export const IsCachePrefix = (): PropertyDecorator => textRule(PREFIX_EXPECTED, isCachePrefix);

/** A prefix that may still end in the separator it once had. */
export const IsDeprecatedPrefix = (): PropertyDecorator =>
  textRule(`${PREFIX_EXPECTED}; a ':' at its end is dropped`, (text) => isCachePrefix(text.replace(/:+$/, '')));

/** Where a single Redis is. */
export const IsRedisUrl = (): PropertyDecorator =>
  textRule(
    'a redis:// or rediss:// URL with no more than a port and a number behind the host, such as redis://localhost:6379/0',
    isRedisUrl,
  );

/** Nodes of a cluster, or sentinels. */
export const IsNodeList = (): PropertyDecorator =>
  listRule('host:port with commas in between, such as 10.0.0.1:6379,10.0.0.2:6379', (nodes) =>
    nodes.every(isNodeAddress),
  );

/** A file with certificates. */
export const IsCertificateFile = (): PropertyDecorator =>
  textRule(
    'the path of a file that can be read and holds certificates in PEM, such as /etc/redis-tls/ca.crt',
    isCertificateFile,
  );

/** A file with a private key. */
export const IsKeyFile = (): PropertyDecorator =>
  textRule(
    'the path of a file that can be read and holds a private key in PEM without a passphrase, such as /etc/redis-tls/tls.key',
    isKeyFile,
  );

/** A name without spaces. */
export const IsName = (): PropertyDecorator =>
  textRule('a name without spaces, such as mymaster', (text) => /^[\x21-\x7e]{1,200}$/.test(text));

/** Keys of 32 bytes, every id once. */
export const IsEncryptionKeys = (): PropertyDecorator =>
  listRule(
    'id:base64 of 32 bytes each, every id once, with commas in between; `openssl rand -base64 32` makes such bytes',
    (keys) => parseEncryptionKeys(keys).ok,
  );

/** Secrets that are hard to guess. */
export const IsTokens = (): PropertyDecorator =>
  listRule(
    'at least 16 characters without spaces, several with commas in between; `openssl rand -hex 32` makes such a token',
    (tokens) => tokens.every((token) => /^[\x21-\x7e]{16,}$/.test(token)),
  );

/** A check of a variable's text. An empty text is an absent variable, and right. */
function textRule(expected: string, isRight: (text: string) => boolean): PropertyDecorator {
  const validate = (text: unknown): boolean => typeof text === 'string' && (text === '' || isRight(text));
  return ValidateBy({ name: 'isRightText', validator: { validate, defaultMessage: () => expected } });
}

function durationRule(expected: string, range: Range): PropertyDecorator {
  return textRule(expected, (text) => isWithin(parseDuration(parseDurationText(text)), range));
}

function listRule(expected: string, isRight: (parts: string[]) => boolean): PropertyDecorator {
  return textRule(expected, (text) => parseListText(text).length > 0 && isRight(parseListText(text)));
}

function isWithin(value: number | null, { min, max }: Range): boolean {
  return value !== null && value >= min && value <= max;
}
