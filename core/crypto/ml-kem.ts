/**
 * ML-KEM (FIPS 203) as a key exchange method (draft-ietf-ipsecme-ikev2-mlkem): the initiator sends an encapsulation key, the
 * responder a ciphertext. A ciphertext that was changed on the way gives a secret that nobody else has (FIPS 203 §6.3),
 * so that it shows at the next message. key-exchange.ts lists the methods.
 */
import type { MLKEM } from '@noble/post-quantum/ml-kem.js';
import { wipe } from '#core/bytes/bytes.ts';
import type { Exchange } from './diffie-hellman.ts';
import { KeyExchangeError } from './interfaces.ts';

/** d and z, and m (FIPS 203 §7.1, §7.2). */
const SEED_BYTES = 64;
const MESSAGE_BYTES = 32;

/** `keyword` names the method in errors; the lengths are those of the encapsulation key and the ciphertext. */
export function mlKemExchange(
  keyword: string,
  kem: MLKEM,
  publicBytes: Readonly<Record<'initiator' | 'responder', number>>,
): Exchange {
  const check = (what: string, data: Uint8Array, bytes: number): void => {
    if (data.length === bytes) return;
    throw new KeyExchangeError(`${keyword}: ${what} of ${data.length} octets, not ${bytes}`);
  };

  return {
    publicBytes,
    initiate(random) {
      const { publicKey, secretKey } = kem.keygen(random(SEED_BYTES));
      return {
        publicData: publicKey,
        finish(ciphertext) {
          check('ciphertext', ciphertext, publicBytes.responder);
          return kem.decapsulate(ciphertext, secretKey);
        },
      };
    },
    respond(random, encapsulationKey) {
      check('encapsulation key', encapsulationKey, publicBytes.initiator);
      const message = random(MESSAGE_BYTES);
      try {
        const { cipherText, sharedSecret } = kem.encapsulate(encapsulationKey, message);
        return { publicData: cipherText, secret: sharedSecret };
      } catch {
        // FIPS 203 §7.2 has one check beside the length.
        throw new KeyExchangeError(`${keyword}: encapsulation key has a coefficient above the modulus`);
      } finally {
        wipe(message);
      }
    },
  };
}
