/** A token bucket in caller's time: how often endpoint.ts answers strangers outside of any SA (RFC 7296 §1.5, §2.21.4). */
export class RateLimit {
  readonly #perSecond: number;
  #tokens: number;
  #last = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /** Whether one more is allowed now; counts it. */
  take(now: number): boolean {
    const grown = this.#tokens + (Math.max(0, now - this.#last) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, grown);
    this.#last = Math.max(this.#last, now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
