/** A key exchange in which both sides do the same, as a KeyExchangeRow wants it: for modp.ts, ecp.ts, montgomery.ts. */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import type { KeyExchangeInProgress, KeyExchangeRow } from './interfaces.ts';

/** What a row does, apart from its name. */
export type Exchange = Pick<KeyExchangeRow, 'publicBytes' | 'initiate' | 'respond'>;

/**
 * `begin` draws a secret and computes the public value of `publicBytes` octets. Its `finish` may be called again: a
 * forged answer to IKE_SA_INIT must not spoil the exchange for the true one (RFC 7296 §2.4).
 */
export function diffieHellman(
  publicBytes: number,
  begin: (random: RandomBytes) => KeyExchangeInProgress,
): Exchange {
  return {
    publicBytes: { initiator: publicBytes, responder: publicBytes },
    initiate: begin,
    respond(random, peerPublic) {
      const own = begin(random);
      return { publicData: own.publicData, secret: own.finish(peerPublic) };
    },
  };
}
