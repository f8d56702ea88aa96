/**
 * How often a request is repeated and when silence counts as such: every number of it in one place. connection-config.ts
 * gives the policies to the engine, suspicion.ts follows from the same.
 */
import type { RetransmitPolicy } from '#core/ikev2/connection-types.ts';

/** Silence during a login is given up after some 27 s: 0.5, 0.9, 1.6, 2.9, 5.2, 8 and 8 s, each a little more or less. */
export const PATIENT: RetransmitPolicy = {
  initialMs: 500,
  factor: 1.8,
  maxMs: 8000,
  attempts: 7,
  jitter: 0.1,
};

/**
 * The rounds of EAP: some 91 s, for the server behind the gateway may wait for a person who looks for the phone that it has sent a
 * push to, or called. Microsoft has RADIUS wait 60 s for that.
 */
export const AWAITING_PERSON: RetransmitPolicy = { ...PATIENT, attempts: 15 };

/**
 * Once connected: 0.4, 0.6, 1, 1.6, 2.6, 4.2 s and then 5 s each, some 165 s, as strongSwan ships it. A fresh connection is tried for long before; this is how long the old one is
 * kept in case the gateway was only out of reach, so that packets flow again as soon as it is not.
 */
export const ENDURING: RetransmitPolicy = {
  initialMs: 400,
  factor: 1.6,
  maxMs: 5000,
  attempts: 37,
  jitter: 0.1,
};

/** IKE_SA_INIT of a reconnection: some 21 s, with gaps of two seconds at most so that a gateway that comes back is soon heard. */
export const STEADY: RetransmitPolicy = {
  initialMs: 500,
  factor: 1.6,
  maxMs: 2000,
  attempts: 12,
  jitter: 0.1,
};

/** IKE_SA_INIT of a reconnection while another address is left to try: some 4.5 s. */
export const HASTY: RetransmitPolicy = { ...STEADY, attempts: 4 };

/** A question after sleep or when the network is back: ENDURING repeats it twice within this time. Then a fresh connection is tried as well. */
export const PROBE_MS = 1500;

/**
 * A question because we hear nothing: repeated three times, for on a link with much loss nothing else need be wrong, and Wi-Fi that roams
 * may be away for two or three seconds.
 */
export const SUSPECT_MS = 3000;

/** The same for a connection that moves to another address, whose new path may be slow at first. */
export const ROAM_MS = 3000;

/** The times that a question of the engine's own is sent before its silence casts doubt. */
const QUESTIONS = 4;

/** Seconds from the last proof of life until the connection is not believed any more; `undefined` where the peer is never asked. */
export function deadAfterSec(livenessSec: number): number | undefined {
  if (livenessSec === 0) return undefined;
  const { initialMs, factor, maxMs, jitter } = ENDURING;
  const waits = Array.from({ length: QUESTIONS }, (_, sent) => Math.min(maxMs, initialMs * factor ** sent));
  return livenessSec + Math.ceil((waits.reduce((sum, wait) => sum + wait, 0) * (1 + jitter)) / 1000);
}
