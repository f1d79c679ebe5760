/** How something ended, for those who are told before it does. Nobody may ever ask. */
export class Ending {
  resolve!: (outcome: unknown) => void;
  reject!: (error: unknown) => void;
  readonly promise = new Promise<unknown>((resolve, reject) => Object.assign(this, { resolve, reject }));

  constructor() {
    this.promise.catch(() => undefined);
  }
}
