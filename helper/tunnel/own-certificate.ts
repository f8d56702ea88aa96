/**
 * Our certificate and its key, from a PKCS#12 file or from what is stored one by one; what is locked is asked for.
 * credentials.ts calls it through certified.ts.
 */
import { DecodeError } from '#core/bytes/reader.ts';
import { type Certificate, decodeCertificate } from '#core/pki/certificate.ts';
import { certificatesToSend, wayUp } from '#core/pki/certreq.ts';
import type { Profile } from '#core/profile/profile.ts';
import { KeyFileError, readPrivateKey } from '../pki/key-file.ts';
import { Pkcs12Error, readPkcs12 } from '../pki/pkcs12.ts';
import { KeyError, keySigner, type Signer } from '../pki/signer.ts';
import { textOf } from '../secret.ts';
import type { allSecrets } from '../stored-profile.ts';
import { type Demand, demand } from './demand.ts';
import { TunnelError } from './failures.ts';
import type { Person } from './person.ts';

/** Ways to prove oneself in which a certificate may have a part. */
export type Certified = Exclude<Profile['authentication'], { method: 'psk' }>;

/** Our certificate with its key. */
export interface OwnCertificate {
  /** DER: ours, then the intermediates to send along. */
  readonly certificates: readonly [Uint8Array, ...Uint8Array[]];
  /** Ours, then its issuers as far as they are known, the root included. */
  readonly way: readonly [Certificate, ...Certificate[]];
  /** PrivateKeyInfo in DER, unlocked. */
  readonly privateKey: Uint8Array;
  readonly signer: Signer;
}

/** Wrong passwords of a file that are worth another try. */
const MOST_TRIES = 3;

const unusable = (detail: string): TunnelError => new TunnelError({ cause: 'certificate-unusable', detail });

/** Throws TunnelError with `secret-missing` or `certificate-unusable`. */
export async function openOwn(
  authentication: Certified,
  secrets: ReturnType<typeof allSecrets>,
  person: Person,
): Promise<OwnCertificate> {
  const { pkcs12, privateKey } = secrets;
  if (pkcs12) {
    const known = secrets.pkcs12Password && textOf(secrets.pkcs12Password);
    const question = {
      kind: 'pkcs12-password',
      prompt: 'Password of the certificate file (PKCS#12)',
    } as const;
    const opened = await unlocking(known, person, question, (password = '') =>
      readPkcs12(pkcs12.reveal(), password),
    );
    return ownCertificate(opened.certificate, opened.chain, opened.privateKey);
  }
  if (authentication.certificate === undefined) throw unusable('the profile has no certificate of ours');
  if (!privateKey) throw unusable('the private key of our certificate is not stored');
  const known = secrets.privateKeyPassword && textOf(secrets.privateKeyPassword);
  const question = { kind: 'private-key-password', prompt: 'Password of the private key' } as const;
  const key = await unlocking(known, person, question, (password) =>
    readPrivateKey(privateKey.reveal(), password),
  );
  return ownCertificate(fromBase64(authentication.certificate), authentication.chain.map(fromBase64), key);
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

/** Tries the known password, then those that the person types. */
async function unlocking<T>(
  known: string | undefined,
  person: Person,
  question: Demand,
  open: (password: string | undefined) => T | Promise<T>,
): Promise<T> {
  let password = known;
  for (let tries = 0; ; tries++) {
    try {
      return await open(password);
    } catch (error) {
      if (!(error instanceof Pkcs12Error || error instanceof KeyFileError)) throw error;
      const locked = error.problem === 'wrong-password' || error.problem === 'password-needed';
      if (!locked || tries === MOST_TRIES) throw unusable(error.message);
      password = await demand(person, question, tries > 0);
    }
  }
}

function ownCertificate(
  certificate: Uint8Array,
  chain: readonly Uint8Array[],
  privateKey: Uint8Array,
): OwnCertificate {
  try {
    const signer = keySigner(privateKey);
    const own = { certificate: decodeCertificate(certificate), chain: chain.map(decodeCertificate) };
    if (Buffer.compare(own.certificate.spki, signer.publicKey.spki) !== 0) {
      throw unusable(`the private key is not that of the certificate of ${own.certificate.subjectText}`);
    }
    const [, ...intermediates] = certificatesToSend(own);
    return { certificates: [certificate, ...intermediates], way: wayUp(own), privateKey, signer };
  } catch (error) {
    if (error instanceof KeyError) throw unusable(error.message);
    if (error instanceof DecodeError) throw unusable(`our certificate cannot be read: ${error.message}`);
    throw error;
  }
}
