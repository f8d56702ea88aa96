/**
 * One direction of an SA as a transformation of octets: RFC 4303 §2 and §3.3.2, §3.4.4, tunnel mode. Knows keys, IVs,
 * padding and the ICV; knows nothing of windows, selectors or limits. sa.ts calls it; helper/native/src/esp_crypto.cc is
 * its twin.
 */
import { concat, EMPTY, equalConstantTime, type RandomBytes, wipe } from '#core/bytes/bytes.ts';
import type { BoundCipher, EspSuite } from '#core/crypto/interfaces.ts';
import type { DirectionKeys } from './child-sa.ts';

/** Octets of SPI and sequence number. */
export const ESP_HEADER_BYTES = 8;
/** RFC 4303 §2.4: the ICV starts on a 4-octet boundary even where the cipher has no blocks. */
const WORD_BYTES = 4;
/** Pad length and next header. */
const TRAILER_BYTES = 2;

export interface Opened {
  readonly payload: Uint8Array;
  readonly nextHeader: number;
}

export class EspTransform {
  readonly #suite: EspSuite;
  readonly #cipher: BoundCipher;
  readonly #integrityKey: Uint8Array;
  readonly #random: RandomBytes;

  /** `random` makes the IVs of CBC. Throws RangeError when a key does not fit the suite. */
  constructor(suite: EspSuite, keys: DirectionKeys, random: RandomBytes) {
    const expected = suite.integrity?.keyBytes ?? 0;
    if (keys.integrity.length !== expected) {
      const name = suite.integrity?.name ?? suite.encryption.name;
      throw new RangeError(`keys.integrity: ${keys.integrity.length} octets do not fit ${name}`);
    }
    this.#suite = suite;
    this.#cipher = suite.encryption.bind(keys.encryption);
    this.#integrityKey = keys.integrity.slice();
    this.#random = random;
  }

  get #icvBytes(): number {
    return this.#suite.integrity?.icvBytes ?? this.#suite.encryption.icvBytes;
  }

  /**
   * The ESP packet around a payload. `sequence` has 64 bits also without ESN; it must be fresh under this key, for the
   * IVs of AEAD and CTR are made of it. `iv` replaces the random IV of CBC; tests only.
   */
  seal(
    spi: number,
    sequence: bigint,
    payload: Uint8Array,
    nextHeader: number,
    iv: Uint8Array = this.#iv(sequence),
  ): Uint8Array {
    const { encryption } = this.#suite;
    const header = espHeader(spi, sequence);
    const unit = Math.max(encryption.blockBytes, WORD_BYTES);
    const clearBytes = Math.ceil((payload.length + TRAILER_BYTES) / unit) * unit;
    const clear = new Uint8Array(clearBytes);
    clear.set(payload);
    const padding = clearBytes - payload.length - TRAILER_BYTES;
    for (let i = 1; i <= padding; i++) clear[payload.length + i - 1] = i;
    clear[clearBytes - 2] = padding;
    clear[clearBytes - 1] = nextHeader;
    const covered = concat(header, iv, this.#cipher.encrypt(iv, clear, this.#additionalData(spi, sequence)));
    return concat(covered, this.#mac(covered, sequence));
  }

  /**
   * Checks the ICV, decrypts and takes the padding off. `auth`: the ICV is wrong or the length impossible;
   * `malformed`: authentic, but the padding is not 1, 2, 3 ….
   */
  open(esp: Uint8Array, sequence: bigint): Opened | 'auth' | 'malformed' {
    const { encryption, integrity } = this.#suite;
    const start = ESP_HEADER_BYTES + encryption.ivBytes;
    if (esp.length < start + TRAILER_BYTES + this.#icvBytes) return 'auth';
    const covered = integrity ? esp.subarray(0, esp.length - integrity.icvBytes) : esp;
    if ((covered.length - start - encryption.icvBytes) % encryption.blockBytes !== 0) return 'auth';
    const icv = esp.subarray(covered.length);
    if (!equalConstantTime(this.#mac(covered, sequence), icv)) return 'auth';
    const spi = new DataView(esp.buffer, esp.byteOffset).getUint32(0);
    const clear = this.#cipher.decrypt(
      covered.subarray(ESP_HEADER_BYTES, start),
      covered.subarray(start),
      this.#additionalData(spi, sequence),
    );
    return clear ? (stripTrailer(clear) ?? 'malformed') : 'auth';
  }

  /** Overwrites the integrity key; the cipher's goes with the garbage. */
  wipe(): void {
    wipe(this.#integrityKey);
  }

  /** RFC 4106 §3.1, 4309 §3.1, 3686 §3.1, 7634 §2: any IV that does not repeat; RFC 3602 §3: unpredictable. */
  #iv(sequence: bigint): Uint8Array {
    const { iv, ivBytes } = this.#suite.encryption;
    if (iv === 'random') return this.#random(ivBytes);
    const octets = new Uint8Array(ivBytes);
    if (iv === 'counter') new DataView(octets.buffer).setBigUint64(ivBytes - 8, sequence);
    return octets;
  }

  /** SPI and sequence number; with ESN all 64 bits of it (RFC 4106 §5). */
  #additionalData(spi: number, sequence: bigint): Uint8Array {
    if (!this.#suite.esn) return espHeader(spi, sequence);
    const octets = new Uint8Array(12);
    const view = new DataView(octets.buffer);
    view.setUint32(0, spi);
    view.setBigUint64(4, sequence);
    return octets;
  }

  /** The MAC over the packet, and over the high half of the sequence number that does not travel (RFC 4303 §2.2.1). */
  #mac(covered: Uint8Array, sequence: bigint): Uint8Array {
    const { integrity, esn } = this.#suite;
    if (!integrity) return EMPTY;
    if (!esn) return integrity.mac(this.#integrityKey, covered);
    const high = new Uint8Array(4);
    new DataView(high.buffer).setUint32(0, Number(sequence >> 32n));
    return integrity.mac(this.#integrityKey, covered, high);
  }
}

function espHeader(spi: number, sequence: bigint): Uint8Array {
  const header = new Uint8Array(ESP_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, spi);
  view.setUint32(4, Number(BigInt.asUintN(32, sequence)));
  return header;
}

/** RFC 4303 §2.4: the padding is 1, 2, 3 …, and a receiver should look. */
function stripTrailer(clear: Uint8Array): Opened | undefined {
  const padding = clear[clear.length - 2] as number;
  const end = clear.length - TRAILER_BYTES - padding;
  if (end < 0) return undefined;
  for (let i = 1; i <= padding; i++) if (clear[end + i - 1] !== i) return undefined;
  return { payload: clear.subarray(0, end), nextHeader: clear[clear.length - 1] as number };
}
