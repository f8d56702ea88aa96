/**
 * How often a request is repeated and when silence counts as such: every number of it in one place. connection-config.ts
 * gives the policies to the engine, suspicion.ts follows from the same.
 */
import type { RetransmitPolicy } from '#core/ikev2/connection-types.ts';

/** Silence is given up after some 27 s: 0.5, 0.9, 1.6, 2.9, 5.2, 8 and 8 s, each a little more or less. */
export const PATIENT: RetransmitPolicy = {
  initialMs: 500,
  factor: 1.8,
  maxMs: 8000,
  attempts: 7,
  jitter: 0.1,
};

/** IKE_SA_INIT of a reconnection: some 20 s, with short gaps so that a gateway that comes back is soon heard. */
export const STEADY: RetransmitPolicy = {
  initialMs: 500,
  factor: 1.6,
  maxMs: 4000,
  attempts: 8,
  jitter: 0.1,
};

/** IKE_SA_INIT of a reconnection while another address is left to try: some 4.5 s. */
export const HASTY: RetransmitPolicy = { ...STEADY, attempts: 4 };

/** A question for life after sleep: PATIENT repeats it twice within this time. Then a fresh connection is the quicker way. */
export const PROBE_MS = 3000;

/** The same for a connection that moves to another address, whose new path may be slow at first. */
export const ROAM_MS = 5000;

/** Seconds from the last proof of life to the end, at the latest; `undefined` where the peer is never asked. */
export function deadAfterSec(livenessSec: number, policy: RetransmitPolicy = PATIENT): number | undefined {
  if (livenessSec === 0) return undefined;
  const { initialMs, factor, maxMs, attempts, jitter } = policy;
  const waits = Array.from({ length: attempts }, (_, sent) => Math.min(maxMs, initialMs * factor ** sent));
  return livenessSec + Math.ceil((waits.reduce((sum, wait) => sum + wait, 0) * (1 + jitter)) / 1000);
}
