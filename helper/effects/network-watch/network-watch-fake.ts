/** A watch on which the test says what has changed. It keeps the contract: nothing after the end of a subscription. */
import type { NetworkChange, NetworkWatch } from './network-watch.ts';

export class FakeNetworkWatch implements NetworkWatch {
  readonly parts: Readonly<Record<string, boolean>> = { rtnetlink: true, clock: true, logind: true };
  closed = false;
  readonly #listeners = new Set<(change: NetworkChange) => void>();

  subscribe(listener: (change: NetworkChange) => void): () => void {
    // A function of its own for each subscription: the same listener may come twice.
    const own = (change: NetworkChange): void => listener(change);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  close(): void {
    this.closed = true;
    this.#listeners.clear();
  }

  /** Subscriptions that have not ended. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Tells everyone who listens now, in the order of their subscription. */
  tell(change: NetworkChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
