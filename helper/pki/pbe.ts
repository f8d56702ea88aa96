/**
 * Password-based encryption as PKCS#12 and PKCS#8 files use it: PBES2 (RFC 8018) and the older schemes of RFC 7292
 * appendix B and C, with 3DES and RC2. pkcs12.ts and key-file.ts call it. What takes long lets the event loop go on
 * meanwhile: a file may ask for millions of rounds. The derivation of appendix B is written here: neither
 * node:crypto nor the X.509 library offers it.
 */
import { createDecipheriv, createHash, pbkdf2 } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { concat } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { rc2CbcDecrypt } from '#core/crypto/rc2.ts';
import { writeTlv } from '#core/ike/distinguished-name-der.ts';
import { DER, readAll, readContent, type Tlv, unsignedHex } from '#core/pki/der.ts';
import { octets, parsed } from '#core/pki/certificate.ts';
import { AlgorithmIdentifier as Algorithm } from '@peculiar/asn1-x509';

/** The password does not open it; or the octets are not what was locked. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

/** Well formed, with an algorithm that is not ours. `message` names it. */
export class UnsupportedPbe extends Error {
  override readonly name = 'UnsupportedPbe';
}

/** Hash rounds that one file may cost: a password checked in seconds, whatever the file says. */
export class Budget {
  #rounds = 5_000_000;

  /** Throws DecodeError once the file asks for more. */
  spend(rounds: number): number {
    if (rounds < 1) throw new DecodeError('iterations', 'are none');
    this.#rounds -= rounds;
    if (this.#rounds < 0) throw new DecodeError('iterations', 'are more than any honest file has');
    return rounds;
  }
}

/** UTF-16 in network byte order, and two zero octets (RFC 7292 appendix B.1). */
function bmp(password: string): Uint8Array {
  return Uint8Array.from(Buffer.from(`${password}\0`, 'utf16le').swap16());
}

/** How a password may have been encoded: an empty one is found with its two zeros and without. */
export const encodings = (password: string): Uint8Array[] =>
  password === '' ? [bmp(''), new Uint8Array(0)] : [bmp(password)];

const repeated = (text: Uint8Array, block: number): Uint8Array =>
  Uint8Array.from({ length: Math.ceil(text.length / block) * block }, (_, i) => text[i % text.length] ?? 0);

const derive = promisify(pbkdf2);

/** Some 10 ms of hashing. */
const ROUNDS_A_TURN = 10_000;

/** RFC 7292 appendix B.2. `purpose`: 1 key, 2 IV, 3 MAC. */
export async function pkcs12Key(
  hash: string,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
  purpose: 1 | 2 | 3,
  length: number,
): Promise<Uint8Array> {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const diversifier = new Uint8Array(block).fill(purpose);
  const input = concat(repeated(salt, block), repeated(password, block));
  const parts: Uint8Array[] = [];
  for (let made = 0; made < length; ) {
    let digest: Uint8Array = createHash(hash).update(diversifier).update(input).digest();
    for (let i = 1; i < rounds; i++) {
      digest = createHash(hash).update(digest).digest();
      if (i % ROUNDS_A_TURN === 0) await nextTurn();
    }
    parts.push(digest);
    made += digest.length;
    addToEach(input, repeated(digest, block).subarray(0, block));
  }
  return concat(...parts).slice(0, length);
}

/** Each block of `input` becomes itself + `addend` + 1, as one number. */
function addToEach(input: Uint8Array, addend: Uint8Array): void {
  for (let at = 0; at < input.length; at += addend.length) {
    let carry = 1;
    for (let i = addend.length - 1; i >= 0; i--) {
      carry += (input[at + i] ?? 0) + (addend[i] ?? 0);
      input[at + i] = carry & 0xff;
      carry >>= 8;
    }
  }
}

type Decrypt = (key: Uint8Array, iv: Uint8Array, data: Uint8Array) => Uint8Array;

const cbc =
  (cipher: string): Decrypt =>
  (key, iv, data) => {
    const decipher = createDecipheriv(cipher, key, iv);
    return concat(decipher.update(data), decipher.final());
  };

/** Takes the padding of RFC 8018 §6.1.1 away, which node:crypto does by itself. */
const rc2 =
  (effectiveBits: number): Decrypt =>
  (key, iv, data) => {
    const padded = rc2CbcDecrypt(key, effectiveBits, iv, data);
    const padding = padded.at(-1) ?? 0;
    if (padding < 1 || padding > 8 || padded.subarray(-padding).some((octet) => octet !== padding))
      throw new LockedError('the padding is wrong');
    return padded.subarray(0, -padding);
  };

interface OldScheme {
  readonly keyBytes: number;
  readonly decrypt: Decrypt;
}

/** RFC 7292 appendix C, less RC4, which nobody wrote. Two-key 3DES repeats its first key. */
const OLD: Readonly<Record<string, OldScheme | undefined>> = {
  '1.2.840.113549.1.12.1.3': { keyBytes: 24, decrypt: cbc('des-ede3-cbc') },
  '1.2.840.113549.1.12.1.4': {
    keyBytes: 16,
    decrypt: (key, iv, data) => cbc('des-ede3-cbc')(concat(key, key.subarray(0, 8)), iv, data),
  },
  '1.2.840.113549.1.12.1.5': { keyBytes: 16, decrypt: rc2(128) },
  '1.2.840.113549.1.12.1.6': { keyBytes: 5, decrypt: rc2(40) },
};

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';

const PRFS: Readonly<Record<string, string | undefined>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const CIPHERS: Readonly<Record<string, { readonly cipher: string; readonly keyBytes: number } | undefined>> =
  {
    '2.16.840.1.101.3.4.1.2': { cipher: 'aes-128-cbc', keyBytes: 16 },
    '2.16.840.1.101.3.4.1.22': { cipher: 'aes-192-cbc', keyBytes: 24 },
    '2.16.840.1.101.3.4.1.42': { cipher: 'aes-256-cbc', keyBytes: 32 },
    '1.2.840.113549.3.7': { cipher: 'des-ede3-cbc', keyBytes: 24 },
  };

function number(tlv: Tlv | undefined, field: string): number {
  if (tlv?.tag !== DER.INTEGER) throw new DecodeError(field, 'is no number');
  const hex = unsignedHex(tlv.content, field);
  if (hex.length > 8) throw new DecodeError(field, 'is absurd');
  return Number.parseInt(hex, 16);
}

const OCTET_STRING = 4;

function octetString(tlv: Tlv | undefined, field: string): Uint8Array {
  if (tlv?.tag !== OCTET_STRING) throw new DecodeError(field, 'is no octet string');
  return tlv.content;
}

function sequenceOf(der: ArrayBuffer | null | undefined, field: string): Tlv[] {
  return readAll(readContent(octets(der ?? new ArrayBuffer(0)), DER.SEQUENCE, field), field);
}

function algorithmOf(tlv: Tlv | undefined, field: string): AlgorithmIdentifier {
  if (tlv?.tag !== DER.SEQUENCE) throw new DecodeError(field, 'is no algorithm');
  return parsed(writeTlv(DER.SEQUENCE, tlv.content), Algorithm, field);
}

const SCRYPT = '1.3.6.1.4.1.11591.4.11';

/**
 * Throws DecodeError where opening this EncryptedPrivateKeyInfo (RFC 5958 §3) costs more than a Budget. OpenSSL, which opens
 * it, takes any number of rounds; the memory of scrypt it limits itself (RFC 7914).
 */
export function checkCost(der: Uint8Array): void {
  const [algorithm] = readAll(readContent(der, DER.SEQUENCE, 'locked key'), 'locked key');
  const scheme = algorithmOf(algorithm, 'encryption');
  const [kdfTlv, rounds] = sequenceOf(scheme.parameters, 'encryption parameters');
  if (scheme.algorithm !== PBES2) {
    new Budget().spend(number(rounds, 'iterations'));
    return;
  }
  const kdf = algorithmOf(kdfTlv, 'key derivation');
  if (kdf.algorithm === SCRYPT) return;
  new Budget().spend(number(sequenceOf(kdf.parameters, 'key derivation')[1], 'iterations'));
}

/** Throws LockedError, UnsupportedPbe, or DecodeError for parameters that are none. */
export async function decryptPbe(
  algorithm: AlgorithmIdentifier,
  password: string,
  data: Uint8Array,
  budget: Budget,
): Promise<Uint8Array> {
  const old = OLD[algorithm.algorithm];
  if (old) return decryptOld(old, algorithm, password, data, budget);
  if (algorithm.algorithm === PBES2) return decryptPbes2(algorithm, password, data, budget);
  throw new UnsupportedPbe(`the encryption ${algorithm.algorithm}`);
}

async function decryptOld(
  { keyBytes, decrypt }: OldScheme,
  { parameters }: AlgorithmIdentifier,
  password: string,
  data: Uint8Array,
  budget: Budget,
): Promise<Uint8Array> {
  const [saltTlv, roundsTlv] = sequenceOf(parameters, 'encryption parameters');
  const salt = octetString(saltTlv, 'salt');
  const rounds = number(roundsTlv, 'iterations');
  return first(encodings(password), async (encoded) => {
    budget.spend(2 * rounds);
    const key = await pkcs12Key('sha1', encoded, salt, rounds, 1, keyBytes);
    return decrypt(key, await pkcs12Key('sha1', encoded, salt, rounds, 2, 8), data);
  });
}

async function decryptPbes2(
  { parameters }: AlgorithmIdentifier,
  password: string,
  data: Uint8Array,
  budget: Budget,
): Promise<Uint8Array> {
  const [kdfTlv, encryptionTlv] = sequenceOf(parameters, 'PBES2');
  const kdf = algorithmOf(kdfTlv, 'key derivation');
  const encryption = algorithmOf(encryptionTlv, 'cipher');
  const cipher = CIPHERS[encryption.algorithm];
  if (kdf.algorithm !== PBKDF2) throw new UnsupportedPbe(`the key derivation ${kdf.algorithm}`);
  if (!cipher) throw new UnsupportedPbe(`the cipher ${encryption.algorithm}`);
  const [salt, roundsTlv, ...more] = sequenceOf(kdf.parameters, 'PBKDF2');
  const prfTlv = more.find(({ tag }) => tag === DER.SEQUENCE);
  const prfOid = prfTlv ? algorithmOf(prfTlv, 'PRF').algorithm : '1.2.840.113549.2.7';
  const prf = PRFS[prfOid];
  if (prf === undefined) throw new UnsupportedPbe(`the pseudo-random function ${prfOid}`);
  const rounds = budget.spend(number(roundsTlv, 'iterations'));
  const iv = readContent(octets(encryption.parameters ?? new ArrayBuffer(0)), OCTET_STRING, 'IV');
  return first([new TextEncoder().encode(password)], async (encoded) => {
    const key = await derive(encoded, octetString(salt, 'salt'), rounds, cipher.keyBytes, prf);
    return cbc(cipher.cipher)(key, iv, data);
  });
}

/** The first password that opens it. node:crypto throws where padding or lengths are wrong. */
async function first(
  passwords: readonly Uint8Array[],
  open: (password: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  for (const password of passwords) {
    try {
      return await open(password);
    } catch (error) {
      if (error instanceof DecodeError) throw error;
    }
  }
  throw new LockedError('the password does not open it');
}
