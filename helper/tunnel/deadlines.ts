/**
 * When an IKE SA is rekeyed, when it ends, and when another login has to take its place: because the gateway says so (RFC 4478;
 * RFC 7296 §1.3), or because no new keys came in time. association.ts keeps one for all the IKE SAs that rekeying makes of its first.
 */
import { type Clock, isoTimeOf } from '../clock.ts';
import type { Logger } from '../log/log.ts';

interface DeadlinesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Another login is due at `reauthenticateDue`. */
  readonly onReauthenticate: () => void;
}

export class Deadlines {
  /** ISO 8601, told once. */
  rekeyAt: string | undefined;
  expiresAt: string | undefined;
  reauthenticateAt: string | undefined;
  /** The same, monotonic. */
  reauthenticateDue: number | undefined;

  readonly #deps: DeadlinesDeps;
  #stopped = false;
  /** Forgets that the IKE SA ends when nothing replaces it. */
  #renewed: () => void = () => {};

  constructor(deps: DeadlinesDeps) {
    this.#deps = deps;
  }

  /** There is an IKE SA with new keys. The times are monotonic. */
  keyed(rekeyAt: number | undefined, expiresAt: number | undefined): void {
    const { clock, log } = this.#deps;
    this.rekeyAt = isoTimeOf(clock, rekeyAt);
    this.expiresAt = isoTimeOf(clock, expiresAt);
    this.#renewed();
    if (rekeyAt === undefined || expiresAt === undefined || this.#stopped) return;
    // Some gateways refuse new keys until a request of their own is answered, whose next repetition may come after our end.
    this.#renewed = clock.setTimer(Math.round((rekeyAt + expiresAt) / 2), () => {
      log.info('the IKE SA has no new keys yet and ends soon: another login takes its place');
      this.reauthenticate(clock.now());
    });
  }

  /** Another login is to take its place at this time (monotonic). */
  reauthenticate(at: number): void {
    this.reauthenticateAt = isoTimeOf(this.#deps.clock, at);
    this.reauthenticateDue = at;
    this.#deps.onReauthenticate();
  }

  /** It is over: keys that do not come are missed by nobody. */
  stop(): void {
    this.#stopped = true;
    this.#renewed();
  }
}
