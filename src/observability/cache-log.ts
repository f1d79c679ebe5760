import { BoundedLabels, OTHER } from './bounded-labels.js';
import { type CacheEventSource, type CacheListeners, listen } from './event-source.js';
import { causeOf, wayOutOfDenied } from './ways-out.js';

/** Where lines go. */
export interface LogSink {
  log(message: string): void;
  warn(message: string): void;
}

const MAX_TIERS = 8;
const MAX_CATEGORIES = 50;

/**
 * Writes one line per change of state: a tier went away, it is back, results of a category cannot be stored (once per
 * category). Lines are bounded and hold no key, value or address. Returns the way to end that.
 */
export function connectLog(events: CacheEventSource, sink: LogSink): () => void {
  const tiers = new BoundedLabels(MAX_TIERS);
  /** What was said of each tier that is away. */
  const unavailable = new Map<string, Set<string>>();
  const refused = new Once();
  return listen(events, {
    tierFailed: ({ tier, reason }) => {
      const label = tiers.of(wordOr('a tier', tier));
      const said = unavailable.get(label) ?? new Set();
      unavailable.set(label, said);
      const cause = causeOf(label, reason);
      if (said.has(cause ?? '') || (said.size > 0 && cause === null)) return;
      said.add(cause ?? '');
      const why = cause ?? wordOr('for another reason', reason);
      sink.warn(`${label} is unavailable (${why}): every call goes on without it until it is back`);
    },
    tierRecovered: ({ tier, downMs }) => {
      const label = tiers.of(wordOr('a tier', tier));
      if (unavailable.delete(label)) sink.log(`${label} is available again after ${seconds(downMs)}`);
    },
    refused: ({ category, reason, isIntended = false }) => {
      if (isIntended) return;
      refused.say(category, (whose) => {
        sink.warn(
          `A result of ${whose} was passed through and not stored (${oneLine(reason)}). This is said once per category`,
        );
      });
    },
    ...warnings(sink),
  });
}

function warnings(sink: LogSink): CacheListeners {
  const costs = new Once();
  return {
    denied: ({ right }) => sink.warn(`${wayOutOfDenied(right)}. This is said once`),
    costUnknown: ({ category }) => {
      costs.say(category, (whose) => {
        sink.warn(
          `The cost of ${whose} could not be told: it threw, or answered no { tokens, usd } of finite numbers, so hits ` +
            'count as saving time alone. This is said once per category',
        );
      });
    },
    distrusted: ({ tool, verified, wrong }) => {
      sink.warn(
        `${wrong} of ${verified} hits of the tool '${oneLine(tool)}' that were run again were wrong: until the app is ` +
          'started again it runs uncached. See what else its answers depend on: dependsOn, vary, ttl or volatile',
      );
    },
  };
}

/** Says something once per category, and once for all categories beyond the bound. */
class Once {
  private readonly categories = new BoundedLabels(MAX_CATEGORIES);
  private readonly said = new Set<string>();

  say(category: string, speak: (whose: string) => void): void {
    const label = this.categories.of(category);
    if (this.said.has(label)) return;
    this.said.add(label);
    speak(label === OTHER ? 'further categories' : `'${oneLine(label)}'`);
  }
}

/** Tiers and reasons are words of ours, such as `timeout`. Anything else may hold an address and is not shown. */
function wordOr(otherwise: string, text: string): string {
  return /^[a-z]+(-[a-z]+)*$/.test(text) ? text : otherwise;
}

function oneLine(text: string): string {
  return text.slice(0, 120).replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?');
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}
