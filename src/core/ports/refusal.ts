const MAX_STEPS_SHOWN = 12;

/** Where a walk went from a container: the name of a property, or the number of an item or entry. */
export type Step = string | number;

/**
 * Why a value cannot be used, and where in it the reason lies. Thrown at that place; each container that the walk is
 * in adds its step on the way out. Holds names of properties and kinds of values, never content.
 */
export class Refusal extends Error {
  /** From the place outwards. */
  private readonly steps: Step[] = [];
  private readonly containers = new Set<object>();
  private isCycle = false;

  /** `what` says what is at the place, as in "it is a function". */
  constructor(readonly what: string) {
    super(what);
  }

  /** What was thrown while a value was read: a refusal as it is, anything else as one. */
  static from(thrown: unknown): Refusal {
    return thrown instanceof Refusal ? thrown : new Refusal('something that throws when it is read');
  }

  /** What `read` answers; what it throws lies at `step` of `container`. */
  static at<T>(container: object, step: Step, read: () => T): T {
    try {
      return read();
    } catch (thrown) {
      throw Refusal.from(thrown).within(container, step);
    }
  }

  /** Adds that the place lies at `step` of `container`. A container that is met again turns out to contain itself. */
  within(container: object, step: Step): this {
    if (this.containers.has(container)) {
      this.isCycle = true;
      this.steps.length = 0;
    } else {
      this.containers.add(container);
      this.steps.push(step);
    }
    return this;
  }

  /** The place and what is there, e.g. `params.a[3] is a function`. `root` names the whole value; it may be empty. */
  describe(root: string): string {
    const outermostFirst = [...this.steps].reverse();
    const shown = outermostFirst.slice(0, MAX_STEPS_SHOWN).map(textOf).join('');
    const rest = outermostFirst.length > MAX_STEPS_SHOWN ? '…' : '';
    const place = `${root}${shown}${rest}`.replace(/^\./, '');
    return `${place} is ${this.isCycle ? 'an object that contains itself' : this.what}`;
  }
}

/** A name that looks like data, an address for instance, is content and stays out. */
function textOf(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  return /^[A-Za-z_$][\w$-]{0,39}$/.test(step) ? `.${step}` : '[…]';
}
