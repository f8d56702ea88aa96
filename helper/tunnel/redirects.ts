/**
 * Which redirects are followed (RFC 5685): to where the profile permits, and no more than five in 300 seconds (§8 asks for such a
 * bound, so that gateways cannot send a client round and round). dialler.ts keeps one for the life of a tunnel.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { RedirectTarget } from '#core/ikev2/redirect-target.ts';
import { permitsRedirect } from '#core/profile/redirects.ts';
import type { Clock } from '../clock.ts';

const MOST = 5;
const WITHIN_MS = 300_000;

export class Redirects {
  readonly #permitted: readonly string[];
  readonly #clock: Clock;
  #followed: readonly { readonly at: number; readonly to: string }[] = [];

  /** `permitted`: `gateway.redirects` of the profile. */
  constructor(permitted: readonly string[], clock: Clock) {
    this.#permitted = permitted;
    this.#clock = clock;
  }

  /** Whether gateways are told that we follow at all. */
  get wanted(): boolean {
    return this.#permitted.length > 0;
  }

  /** Counts it, where it is followed; else why it is not. `from` is the address of the gateway that sends us. */
  refusal(to: RedirectTarget, from: string): Failure | undefined {
    if (!permitsRedirect(this.#permitted, to)) return { cause: 'redirect-refused', from, to: to.value };
    const now = this.#clock.now();
    this.#followed = this.#followed.filter(({ at }) => now - at < WITHIN_MS);
    if (this.#followed.length >= MOST) {
      return { cause: 'redirect-loop', seen: [...this.#followed.map((each) => each.to), to.value] };
    }
    this.#followed = [...this.#followed, { at: now, to: to.value }];
    return undefined;
  }
}
