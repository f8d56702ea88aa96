/**
 * RC2 in CBC mode (RFC 2268), decryption only: what locks the certificates in PKCS#12 files of Windows and of OpenSSL
 * before 3.0. OpenSSL keeps it in a provider that Node does not load. It protects nothing here: helper/pki/pkcs12
 * reads what others wrote.
 */
import { fromHex } from '#core/bytes/bytes.ts';

/** The digits of pi, permuted (RFC 2268 §2). */
const PITABLE = fromHex(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
);

const pi = (at: number): number => PITABLE[at & 0xff] as number;

/** 64 words of 16 bits (RFC 2268 §2). */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const octets = new Uint8Array(128);
  octets.set(key);
  for (let i = key.length; i < 128; i++)
    octets[i] = pi((octets[i - 1] as number) + (octets[i - key.length] as number));
  const effective = Math.ceil(effectiveBits / 8);
  octets[128 - effective] = pi(
    (octets[128 - effective] as number) & (0xff >> (8 * effective - effectiveBits)),
  );
  for (let i = 127 - effective; i >= 0; i--)
    octets[i] = pi((octets[i + 1] as number) ^ (octets[i + effective] as number));
  return Uint16Array.from(
    { length: 64 },
    (_, i) => (octets[2 * i] as number) | ((octets[2 * i + 1] as number) << 8),
  );
}

const ROTATIONS: readonly number[] = [1, 2, 3, 5];
const BLOCK_BYTES = 8;

/** RFC 2268 §4: 5 rounds, a mash, 6 rounds, a mash, 5 rounds, all backwards. */
function decryptBlock(keys: Uint16Array, block: Uint16Array): void {
  const word = (at: number): number => block[at & 3] as number;
  for (let round = 15; round >= 0; round--) {
    for (let i = 3; i >= 0; i--) {
      const rotation = ROTATIONS[i] as number;
      const rotated = (word(i) >> rotation) | (word(i) << (16 - rotation));
      const mixed = (word(i + 3) & word(i + 2)) + (~word(i + 3) & word(i + 1));
      block[i] = rotated - (keys[4 * round + i] as number) - mixed;
    }
    if (round === 11 || round === 5)
      for (let i = 3; i >= 0; i--) block[i] = word(i) - (keys[word(i + 3) & 63] as number);
  }
}

/** The padded plaintext. `key` at most 128 octets, `iv` 8, `ciphertext` whole blocks of 8, else RangeError. */
export function rc2CbcDecrypt(
  key: Uint8Array,
  effectiveBits: number,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  if (
    ciphertext.length % BLOCK_BYTES !== 0 ||
    iv.length !== BLOCK_BYTES ||
    key.length > 128 ||
    key.length === 0
  )
    throw new RangeError('RC2-CBC takes blocks of 8 octets, an IV of 8 and a key of 1 to 128');
  const keys = expandKey(key, effectiveBits);
  const plaintext = new Uint8Array(ciphertext.length);
  let before = iv;
  for (let at = 0; at < ciphertext.length; at += BLOCK_BYTES) {
    const octets = ciphertext.subarray(at, at + BLOCK_BYTES);
    const words = Uint16Array.from(
      { length: 4 },
      (_, i) => (octets[2 * i] as number) | ((octets[2 * i + 1] as number) << 8),
    );
    decryptBlock(keys, words);
    for (let i = 0; i < BLOCK_BYTES; i++)
      plaintext[at + i] = (((words[i >> 1] as number) >> (8 * (i & 1))) & 0xff) ^ (before[i] as number);
    before = octets;
  }
  return plaintext;
}
