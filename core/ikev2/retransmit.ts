/**
 * When to send a request again and when to give up (RFC 7296 §2.1, §2.4): exponential back-off with a ceiling, and
 * jitter so that many clients of a gateway that came back do not speak at once. requests.ts keeps one schedule
 * for each request.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import type { RetransmitPolicy } from './connection-types.ts';

export class RetransmitSchedule {
  readonly #policy: RetransmitPolicy;
  readonly #random: RandomBytes;
  #sent = 0;

  constructor(policy: RetransmitPolicy, random: RandomBytes) {
    this.#policy = policy;
    this.#random = random;
  }

  /** How often the request has been sent. */
  get attempts(): number {
    return this.#sent;
  }

  get exhausted(): boolean {
    return this.#sent >= this.#policy.attempts;
  }

  /** Notes that the request leaves now. Returns until when to wait for the answer to it. */
  sent(now: number): number {
    const { initialMs, factor, maxMs } = this.#policy;
    const wait = Math.min(maxMs, initialMs * factor ** this.#sent);
    this.#sent++;
    return now + Math.max(1, Math.round(wait * (1 + this.#jitter())));
  }

  /** Evenly distributed over ±`policy.jitter`. */
  #jitter(): number {
    const [high, low] = this.#random(2) as unknown as [number, number];
    return (((high << 8) | low) / 0xffff - 0.5) * 2 * this.#policy.jitter;
  }
}
