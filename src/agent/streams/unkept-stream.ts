/** What a load comes to in place of the chunks of a stream that cannot be stored. */
export class UnkeptStream {
  /** `reason` is counted and shown. */
  constructor(readonly reason: string) {}
}
