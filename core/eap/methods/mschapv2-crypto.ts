/**
 * The arithmetic of MS-CHAPv2 (RFC 2759 §8) and its keys (RFC 3079 §3.4). All of it is weak by today's measure: it is
 * only used under IKE or inside TLS. Called by the two halves of MSCHAPv2 and by TTLS.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { concat, type RandomBytes, toHex, utf8 } from '#core/bytes/bytes.ts';
import { desDecrypt, desEncrypt } from '#core/crypto/des.ts';
import { md4 } from '#core/crypto/md4.ts';
import { rc4 } from '#core/crypto/rc4.ts';

export const CHALLENGE_BYTES = 16;
export const NT_RESPONSE_BYTES = 24;
export const ENCRYPTED_PASSWORD_BYTES = 516;
export const MAX_PASSWORD_CHARACTERS = 256;
const MAX_PASSWORD_BYTES = 2 * MAX_PASSWORD_CHARACTERS;

/** RFC 2759 §8.7: what the authenticator's proof hashes after everything else. */
const TO_CLIENT = utf8('Magic server to client signing constant');
const ITERATION = utf8('Pad to make it do more than one iteration');
/** RFC 3079 §3.4. */
const MASTER = utf8('This is the MPPE Master Key');
const CLIENT_SENDS = utf8(
  'On the client side, this is the send key; on the server side, it is the receive key.',
);
const CLIENT_RECEIVES = utf8(
  'On the client side, this is the receive key; on the server side, it is the send key.',
);
const PAD_BEFORE = new Uint8Array(40);
const PAD_AFTER = new Uint8Array(40).fill(0xf2);

const sha1Of = (...parts: Uint8Array[]): Uint8Array => sha1(concat(...parts));

/** A password as Windows hashes it: UTF-16, little end first, no mark, no terminator. */
function utf16le(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), true);
  return bytes;
}

/** §4: the name that is hashed stands without its domain. */
const withoutDomain = (user: string): string => user.slice(user.lastIndexOf('\\') + 1);

/** NtPasswordHash (§8.3), 16 octets. */
export const ntPasswordHash = (password: string): Uint8Array => md4(utf16le(password));

/** The two challenges of an exchange and the name as it was sent, with or without a domain. */
export interface Challenges {
  readonly authenticator: Uint8Array;
  readonly peer: Uint8Array;
  readonly user: string;
}

/** ChallengeHash (§8.2), 8 octets. */
export const challengeHash = ({ authenticator, peer, user }: Challenges): Uint8Array =>
  sha1Of(peer, authenticator, utf8(withoutDomain(user))).subarray(0, 8);

/** GenerateNTResponse (§8.1), 24 octets: three times DES under the thirds of the password's hash. */
export function ntResponse(challenges: Challenges, passwordHash: Uint8Array): Uint8Array {
  const block = challengeHash(challenges);
  const key = concat(passwordHash, new Uint8Array(5));
  return concat(...[0, 7, 14].map((at) => desEncrypt(key.subarray(at, at + 7), block)));
}

/** GenerateAuthenticatorResponse (§8.7): `S=` and forty hexadecimal digits. */
export function authenticatorResponse(
  challenges: Challenges,
  passwordHash: Uint8Array,
  response: Uint8Array,
): string {
  const first = sha1Of(md4(passwordHash), response, TO_CLIENT);
  return `S=${toHex(sha1Of(first, challengeHash(challenges), ITERATION)).toUpperCase()}`;
}

/** NewPasswordEncryptedWithOldNtPasswordHash (§8.9), 516 octets. Throws RangeError beyond 256 characters. */
export function encryptNewPassword(
  newPassword: string,
  oldHash: Uint8Array,
  random: RandomBytes,
): Uint8Array {
  const password = utf16le(newPassword);
  if (password.length > MAX_PASSWORD_BYTES) throw new RangeError('a password has 256 characters at the most');
  const block = new Uint8Array(ENCRYPTED_PASSWORD_BYTES);
  block.set(random(MAX_PASSWORD_BYTES - password.length));
  block.set(password, MAX_PASSWORD_BYTES - password.length);
  new DataView(block.buffer).setUint32(MAX_PASSWORD_BYTES, password.length, true);
  return rc4(oldHash, block);
}

/** Undoes encryptNewPassword; `undefined` where the old hash is another one. */
export function decryptNewPassword(encrypted: Uint8Array, oldHash: Uint8Array): string | undefined {
  const block = rc4(oldHash, encrypted);
  const length = new DataView(block.buffer).getUint32(MAX_PASSWORD_BYTES, true);
  if (length > MAX_PASSWORD_BYTES || length % 2 !== 0) return undefined;
  const view = new DataView(block.buffer, MAX_PASSWORD_BYTES - length, length);
  return Array.from({ length: length / 2 }, (_, i) => String.fromCharCode(view.getUint16(2 * i, true))).join(
    '',
  );
}

/** OldNtPasswordHashEncryptedWithNewNtPasswordHash (§8.12), 16 octets. */
export const encryptOldHash = (oldHash: Uint8Array, newHash: Uint8Array): Uint8Array =>
  concat(
    desEncrypt(newHash.subarray(0, 7), oldHash.subarray(0, 8)),
    desEncrypt(newHash.subarray(7, 14), oldHash.subarray(8)),
  );

/** Undoes encryptOldHash. */
export const decryptOldHash = (encrypted: Uint8Array, newHash: Uint8Array): Uint8Array =>
  concat(
    desDecrypt(newHash.subarray(0, 7), encrypted.subarray(0, 8)),
    desDecrypt(newHash.subarray(7, 14), encrypted.subarray(8)),
  );

/**
 * The MSK, 64 octets ([MS-CHAP] §3.1.5.1): the key for octets of the peer, the key for octets of the server (16 each, RFC
 * 3079 §3.4), then zeros. Both ends have the same one.
 */
export function mschapv2Msk(passwordHash: Uint8Array, response: Uint8Array): Uint8Array {
  const master = sha1Of(md4(passwordHash), response, MASTER).subarray(0, 16);
  const key = (label: Uint8Array) => sha1Of(master, PAD_BEFORE, label, PAD_AFTER).subarray(0, 16);
  return concat(key(CLIENT_SENDS), key(CLIENT_RECEIVES), new Uint8Array(32));
}
