export interface ChildRequest {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export interface ChildAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Answers the requests of the process that has started this one, several at a time. See `Child`. */
export function serve(answers: Readonly<Record<string, (argument: never) => unknown>>): void {
  const answer = async ({ id, name, argument }: ChildRequest): Promise<void> => {
    try {
      const value = name === 'ping' ? true : await answers[name]?.(argument as never);
      send({ id, value });
    } catch (error) {
      send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  process.on('message', (request: ChildRequest) => void answer(request));
}

function send(answer: ChildAnswer): void {
  if (process.connected) process.send?.(answer);
}

/** From now on only what the process itself has open keeps it alive. */
export function letGo(): void {
  process.disconnect();
}
