import type { ChangeFeed, ChangeListener } from '../core/ports/change-feed.js';
import type { Clock } from '../core/ports/clock.js';

/** How long what is in memory may still be served when the server has not been heard of. */
export const FRESHNESS_LEASE_MS = 500;

type ChannelState =
  | { readonly kind: 'open'; readonly delayMs: number }
  | { readonly kind: 'lost' }
  /** Nothing is heard since. `missed`: what will be, later; `null`: what never will. */
  | { readonly kind: 'silent'; readonly sinceMs: number; readonly missed: string[] | null };

/** How one process hears of changes on the fake server. */
export class FakeChannel implements ChangeFeed {
  private state: ChannelState = { kind: 'open', delayMs: 0 };
  private readonly listeners = new Set<ChangeListener>();

  /** `hasAnswer`: whether the server answers in time now. */
  constructor(
    private readonly clock: Clock,
    private readonly hasAnswer: () => Promise<boolean>,
  ) {}

  isFresh(_readAtMs: number): boolean {
    const { state } = this;
    if (state.kind === 'silent') return this.clock.monotonicNow() - state.sinceMs < FRESHNESS_LEASE_MS;
    return state.kind === 'open';
  }

  listen(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async settled(): Promise<boolean> {
    return (await this.hasAnswer()) && this.state.kind === 'open';
  }

  /** This process writes: told whatever the channel does. */
  tellOwn(keys: readonly string[]): void {
    if (keys.length > 0) this.tell(keys);
  }

  /** The server tells of a change. */
  push(keys: readonly string[]): void {
    const { state } = this;
    if (state.kind === 'silent') state.missed?.push(...keys);
    else if (state.kind === 'open' && state.delayMs > 0) this.clock.after(state.delayMs, () => this.tell(keys));
    else if (state.kind === 'open') this.tell(keys);
  }

  delay(ms: number): void {
    if (this.state.kind === 'open') this.state = { kind: 'open', delayMs: ms };
  }

  /** Nothing arrives until {@link open}, and nobody knows. */
  hang(): void {
    this.fallSilent([]);
  }

  /** Nothing arrives ever, and nobody knows. */
  deafen(): void {
    this.fallSilent(null);
  }

  /** It is gone, and that is known. */
  lose(): void {
    this.state = { kind: 'lost' };
    this.tellLost();
  }

  /** It is there, again or still. Where changes may have been missed, everything may have changed. */
  open(): void {
    const { state } = this;
    this.state = { kind: 'open', delayMs: 0 };
    if (state.kind === 'lost' || (state.kind === 'silent' && !state.missed)) this.tellLost();
    else if (state.kind === 'silent' && state.missed) this.tellOwn(state.missed);
  }

  close(): void {
    this.lose();
    this.listeners.clear();
  }

  private fallSilent(missed: string[] | null): void {
    if (this.state.kind !== 'open') return;
    this.state = { kind: 'silent', sinceMs: this.clock.monotonicNow(), missed };
  }

  private tell(keys: readonly string[]): void {
    for (const listener of this.listeners) listener.changed(keys);
  }

  private tellLost(): void {
    for (const listener of this.listeners) listener.lost();
  }
}
