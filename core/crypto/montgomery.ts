/**
 * Diffie-Hellman with X25519 and X448 (RFC 7748, RFC 8031). An all-zero secret is refused: the peer's value was of small
 * order. key-exchange.ts lists the groups.
 */
import type { MontgomeryECDH } from '@noble/curves/abstract/montgomery.js';
import type { RandomBytes } from '#core/bytes/bytes.ts';
import { diffieHellman, type Exchange } from './diffie-hellman.ts';
import { KeyExchangeError, type KeyExchangeInProgress } from './interfaces.ts';

/** `keyword` names the group in errors, `bytes` is the length of keys, public values and the secret. */
export function montgomeryExchange(keyword: string, curve: MontgomeryECDH, bytes: number): Exchange {
  const begin = (random: RandomBytes): KeyExchangeInProgress => {
    const secretKey = random(bytes);
    return {
      publicData: curve.getPublicKey(secretKey),
      finish(peerPublic) {
        if (peerPublic.length !== bytes) {
          throw new KeyExchangeError(`${keyword}: public value of ${peerPublic.length} octets, not ${bytes}`);
        }
        try {
          return curve.getSharedSecret(secretKey, peerPublic);
        } catch {
          throw new KeyExchangeError(`${keyword}: public value gives an all-zero secret`);
        }
      },
    };
  };

  return diffieHellman(bytes, begin);
}
