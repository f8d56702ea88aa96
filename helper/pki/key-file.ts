/**
 * Private keys from files: PEM or DER; PKCS#8 locked or open, SEC1, PKCS#1 (RFC 5958, 5915, 8017). OpenSSL reads them;
 * what comes out is always PKCS#8. Called where a tunnel needs its key, and by what tells whether a key is locked.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { DecodeError } from '#core/bytes/reader.ts';
import { checkCost } from './pbe.ts';

type KeyFileProblem = 'password-needed' | 'wrong-password' | 'damaged';

export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  readonly problem: KeyFileProblem;
  constructor(problem: KeyFileProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** DER is a SEQUENCE. PEM may stand anywhere in it, and OpenSSL would open that, whose cost nobody has checked. */
const isPem = (file: Uint8Array): boolean => file[0] !== 0x30 && Buffer.from(file).includes('-----BEGIN ');

const LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

const MESSAGES: Readonly<Record<KeyFileProblem, string>> = {
  'password-needed': 'the private key is locked; its password is needed',
  'wrong-password': 'the password does not open the private key',
  damaged: 'the file holds no private key that can be read; PEM or DER, PKCS#8, SEC1 or PKCS#1 is taken',
};

const problem = (name: KeyFileProblem): KeyFileError => new KeyFileError(name, MESSAGES[name]);

/** PrivateKeyInfo in DER, unlocked. Throws KeyFileError. */
export function readPrivateKey(file: Uint8Array, password?: string): Uint8Array {
  const found = isPem(file)
    ? readPem(Buffer.from(file).toString('latin1'), password)
    : readDer(file, password);
  return Uint8Array.from(found.export({ format: 'der', type: 'pkcs8' }));
}

function readPem(text: string, password: string | undefined): KeyObject {
  const locked = LOCKED.test(text);
  if (locked && password === undefined) throw problem('password-needed');
  try {
    return createPrivateKey({ key: text, ...(locked ? { passphrase: password } : {}) });
  } catch {
    throw problem(locked ? 'wrong-password' : 'damaged');
  }
}

function readDer(der: Uint8Array, password: string | undefined): KeyObject {
  for (const type of ['pkcs8', 'sec1', 'pkcs1'] as const) {
    const key = tryDer(der, type, undefined);
    if (key) return key;
  }
  // EncryptedPrivateKeyInfo begins with a SEQUENCE in a SEQUENCE; the open forms have their version there.
  const locked = der[0] === 0x30 && der[(der[1] ?? 0) >= 0x80 ? 2 + ((der[1] ?? 0) & 0x7f) : 2] === 0x30;
  if (!locked) throw problem('damaged');
  if (password === undefined) throw problem('password-needed');
  if (isTooCostly(der)) throw problem('damaged');
  const key = tryDer(der, 'pkcs8', password);
  if (!key) throw problem('wrong-password');
  return key;
}

/** Whoever stores a key chooses how many rounds it takes; the helper serves everybody meanwhile. */
function isTooCostly(der: Uint8Array): boolean {
  try {
    checkCost(der);
    return false;
  } catch (error) {
    if (error instanceof DecodeError) return true;
    throw error;
  }
}

function tryDer(
  der: Uint8Array,
  type: 'pkcs8' | 'sec1' | 'pkcs1',
  passphrase: string | undefined,
): KeyObject | undefined {
  try {
    const key = Buffer.from(der);
    return createPrivateKey({
      key,
      format: 'der',
      type,
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch {
    return undefined;
  }
}
