/**
 * Stateless cookies (RFC 7296 §2.6): proof that an initiator receives at the address it sends from, without a thought
 * about it in between. endpoint.ts asks for them under load.
 *
 *     cookie = number of the secret | HMAC-SHA-256(secret, Ni | IPi | SPIi)
 */
import { concat, equalConstantTime, type RandomBytes } from '#core/bytes/bytes.ts';
import { prfRow } from '#core/crypto/prf.ts';
import { parseIp } from '#core/net/address.ts';
import { prfs } from '#core/registry/prfs.ts';
import type { PrfRow } from '#core/crypto/interfaces.ts';

/** A secret serves this long, and its cookies are taken for as long again: far more than a round trip. */
const ROTATION_MS = 60_000;

interface Secret {
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** What a cookie is bound to. The port is not part of it: a NAT may change that between two requests. */
interface CookieSubject {
  readonly nonceI: Uint8Array;
  readonly address: string;
  readonly spiI: Uint8Array;
}

export class CookieJar {
  readonly #random: RandomBytes;
  readonly #prf: PrfRow;
  #secrets: readonly Secret[] = [];

  constructor(random: RandomBytes) {
    const prf = prfRow(prfs.byName.PRF_HMAC_SHA2_256);
    if (prf === undefined) throw new Error('PRF_HMAC_SHA2_256 has no row');
    this.#random = random;
    this.#prf = prf;
  }

  bake(now: number, subject: CookieSubject): Uint8Array {
    return this.#bakeWith(this.#secretAt(now), subject);
  }

  /** Whether a cookie is ours, for this subject, and not too old. */
  accepts(now: number, cookie: Uint8Array, subject: CookieSubject): boolean {
    this.#secretAt(now);
    return this.#secrets.some((secret) => equalConstantTime(cookie, this.#bakeWith(secret, subject)));
  }

  #bakeWith({ epoch, key }: Secret, { nonceI, address, spiI }: CookieSubject): Uint8Array {
    const at = parseIp(address) ?? new Uint8Array(0);
    return concat(Uint8Array.of(epoch & 0xff), this.#prf.compute(key, nonceI, at, spiI));
  }

  /** The secret of this time; drops those that are older than the one before. */
  #secretAt(now: number): Secret {
    const epoch = Math.floor(now / ROTATION_MS);
    const current = this.#secrets.find((secret) => secret.epoch === epoch);
    if (current !== undefined) return current;
    const fresh = { epoch, key: this.#random(32) };
    this.#secrets = [fresh, ...this.#secrets.filter((secret) => secret.epoch === epoch - 1)];
    return fresh;
  }
}
