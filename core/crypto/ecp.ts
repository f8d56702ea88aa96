/**
 * Diffie-Hellman on prime curves: the NIST groups (RFC 5903) and Brainpool (RFC 6954). A public value is X | Y without
 * the 0x04 of an uncompressed point, the secret is the X coordinate. key-exchange.ts lists the groups.
 */
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { concat, type RandomBytes } from '#core/bytes/bytes.ts';
import { diffieHellman, type Exchange } from './diffie-hellman.ts';
import { KeyExchangeError, type KeyExchangeInProgress } from './interfaces.ts';

const UNCOMPRESSED = Uint8Array.of(0x04);
/** Every curve here accepts a draw with a chance above one half: reaching this means a broken generator. */
const MAX_DRAWS = 128;

/** `keyword` names the group in errors. */
export function ecpExchange(keyword: string, curve: ECDSA): Exchange {
  const { Point } = curve;
  const coordinateBytes = Point.Fp.BYTES;
  const publicBytes = 2 * coordinateBytes;

  const begin = (random: RandomBytes): KeyExchangeInProgress => {
    const secretKey = drawSecretKey(keyword, curve, random);
    return {
      publicData: curve.getPublicKey(secretKey, false).slice(UNCOMPRESSED.length),
      finish(peerPublic) {
        if (peerPublic.length !== publicBytes) {
          throw new KeyExchangeError(
            `${keyword}: public value of ${peerPublic.length} octets, not ${publicBytes}`,
          );
        }
        const peerPoint = concat(UNCOMPRESSED, peerPublic);
        try {
          Point.fromBytes(peerPoint).assertValidity();
        } catch {
          throw new KeyExchangeError(`${keyword}: public value is no point of the curve`);
        }
        const shared = curve.getSharedSecret(secretKey, peerPoint, false);
        return shared.slice(UNCOMPRESSED.length, UNCOMPRESSED.length + coordinateBytes);
      },
    };
  };

  return diffieHellman(publicBytes, begin);
}

/** A number from 1 to n-1 without bias: drawn anew until it fits (FIPS 186-5 A.2.2). */
function drawSecretKey(keyword: string, curve: ECDSA, random: RandomBytes): Uint8Array {
  const { BYTES, BITS } = curve.Point.Fn;
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const candidate = random(BYTES);
    candidate[0] = (candidate[0] as number) & (0xff >> (BYTES * 8 - BITS));
    if (curve.utils.isValidSecretKey(candidate)) return candidate;
  }
  throw new Error(`${keyword}: the random generator returned no secret`);
}
