/** Whether it can cancel a call: that is no part of what is asked for. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return Object.prototype.toString.call(value) === '[object AbortSignal]';
}

/** The signals among the arguments of a call, and among their fields. */
export function signalsIn(args: readonly unknown[]): readonly AbortSignal[] {
  return args.flatMap((arg) => {
    try {
      if (isAbortSignal(arg)) return [arg];
      return typeof arg === 'object' && arg !== null && !Array.isArray(arg)
        ? Object.values(arg).filter(isAbortSignal)
        : [];
    } catch {
      // It cannot be read, which is no concern of the call's.
      return [];
    }
  });
}

/** `answer`, or what `otherwise` makes where one of `signals` is aborted before that; `null`: the answer is still wanted. */
export async function unlessAborted<T>(
  signals: readonly AbortSignal[],
  answer: Promise<T>,
  otherwise: () => Promise<T> | null,
): Promise<T> {
  if (signals.length === 0) return answer;
  const ending = new AbortController();
  const aborted = new Promise<T>((resolve) => {
    const onAbort = (): void => {
      const other = otherwise();
      if (other) resolve(other);
    };
    for (const signal of signals) signal.addEventListener('abort', onAbort, { signal: ending.signal });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    ending.abort();
  }
}
