import { validateSync } from 'class-validator';
import { CacheConfigurationError } from '../../core/errors.js';
import { maskUrl, maskValue } from '../../core/policy/mask-secrets.js';
import type { CacheEnvironment } from './cache-environment.js';
import { parseBooleanText } from './environment-values.js';
import { isPair } from './tls-files.js';

const SECRET_VARIABLES = ['CACHE_ENCRYPTION_KEYS', 'CACHE_ADMIN_TOKEN'];
const TLS = 'CACHE_REDIS_TLS';
const TLS_FILES = ['CACHE_REDIS_TLS_CA_FILE', 'CACHE_REDIS_TLS_CERT_FILE', 'CACHE_REDIS_TLS_KEY_FILE'] as const;
const TOPOLOGY_VARIABLES = ['REDIS_URL', 'CACHE_REDIS_CLUSTER_NODES', 'CACHE_REDIS_SENTINELS'] as const;

/** A line for each variable with a wrong text: its name, the text with secrets masked, what is allowed, an example. */
export function wrongTextsIn(variables: object): string[] {
  return validateSync(variables).map(({ property, value, constraints }) => {
    const expected = Object.values(constraints ?? {}).join('; ');
    return `${property} is '${masked(property, String(value))}': expected ${expected}`;
  });
}

/** Throws one `CacheConfigurationError` with all problems, where there are some. */
export function throwIfAny(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `\n  - ${problem}`).join('');
  throw new CacheConfigurationError(`The environment variables of the cache are wrong. Correct:${lines}`);
}

/** A line for each set of variables that contradict one another. */
export function contradictionsIn(environment: CacheEnvironment): string[] {
  const { CACHE_REDIS_SENTINELS: sentinels, CACHE_REDIS_SENTINEL_NAME: name } = environment;
  const chosen = TOPOLOGY_VARIABLES.filter((variable) => environment[variable] !== '');
  const problems: string[] = [];
  if (chosen.length > 1) {
    problems.push(`${chosen.join(' and ')} exclude one another: set one of them and empty the others`);
  }
  if (sentinels && !name) problems.push('CACHE_REDIS_SENTINELS needs CACHE_REDIS_SENTINEL_NAME, such as mymaster');
  if (name && !sentinels)
    problems.push('CACHE_REDIS_SENTINEL_NAME needs CACHE_REDIS_SENTINELS, such as 10.0.0.1:26379');
  return [...problems, ...contradictionsOfTls(environment)];
}

function contradictionsOfTls(environment: CacheEnvironment): string[] {
  const {
    REDIS_URL: url,
    CACHE_REDIS_TLS: isOn,
    CACHE_REDIS_TLS_CERT_FILE: cert,
    CACHE_REDIS_TLS_KEY_FILE: key,
  } = environment;
  const given = [...TLS_FILES.filter((name) => environment[name] !== ''), ...(parseBooleanText(isOn) ? [TLS] : [])];
  const problems: string[] = [];
  if (given.length > 0 && /^redis:/i.test(url)) {
    problems.push(`${given.join(' and ')} asks for TLS, and REDIS_URL for none: begin REDIS_URL with rediss://`);
  }
  if ((cert === '') !== (key === '')) problems.push(`${TLS_FILES[1]} and ${TLS_FILES[2]} belong together: set both`);
  else if (!isPair(cert, key)) problems.push(`${TLS_FILES[2]} is not the key of the certificate in ${TLS_FILES[1]}`);
  return problems;
}

function masked(name: string, text: string): string {
  if (SECRET_VARIABLES.includes(name)) return '***';
  if (name.endsWith('_FILE')) return isPath(text) ? text : '***';
  return name === 'REDIS_URL' ? maskUrl(text) : maskValue(text);
}

/** What should be in a file may stand in the place of its path. */
function isPath(text: string): boolean {
  const isPart = (part: string): boolean => /^[\w .~:-]{0,40}$/.test(part) && !part.includes('-----');
  return /^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(text) && text.split(/[\\/]/).every(isPart);
}
