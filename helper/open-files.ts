/**
 * Opens PKCS#12 files and private keys that are to be stored. unlock.ts loads it with the first of them: X.509 and ASN.1
 * take memory that a helper of pre-shared keys can do without.
 */
import { DecodeError } from '#core/bytes/reader.ts';
import { decodeCertificate } from '#core/pki/certificate.ts';
import { wayUp } from '#core/pki/certreq.ts';
import { LockedError } from './locked-error.ts';
import { KeyFileError, readPrivateKey } from './pki/key-file.ts';
import { type Pkcs12, Pkcs12Error, readPkcs12 } from './pki/pkcs12.ts';
import { StoreError } from './profile-store.ts';
import { Secret, textOf } from './secret.ts';

export function openKey(key: Secret | undefined, password: Secret): Secret {
  if (!key) {
    throw new LockedError(
      'privateKeyPassword',
      'privateKeyPassword: the profile has no private key that it could open',
    );
  }
  try {
    return new Secret(readPrivateKey(key.reveal(), textOf(password)));
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    if (error.problem === 'wrong-password') throw new LockedError('privateKeyPassword', error.message);
    throw new StoreError(error.message);
  }
}

/** Undefined where it is locked and no password is known; an empty one is tried. */
export async function openFile(pkcs12: Secret, password: Secret | undefined): Promise<Pkcs12 | undefined> {
  const text = password === undefined ? '' : textOf(password);
  try {
    return await readPkcs12(pkcs12.reveal(), text);
  } catch (error) {
    if (!(error instanceof Pkcs12Error)) throw error;
    if (error.problem === 'wrong-password' && password === undefined) return undefined;
    if (error.problem === 'wrong-password') throw new LockedError('p12Password', error.message);
    throw new StoreError(error.message);
  }
}

/** The root as well, which is not sent: it tells whether a gateway that names CAs asks for ours. */
export function issuersOf({ certificate, chain }: Pkcs12): Uint8Array[] {
  try {
    const own = { certificate: decodeCertificate(certificate), chain: chain.map(decodeCertificate) };
    return wayUp(own)
      .slice(1)
      .map(({ der }) => der);
  } catch (error) {
    if (error instanceof DecodeError) {
      throw new StoreError(`a certificate in the PKCS#12 file cannot be read: ${error.message}`);
    }
    throw error;
  }
}
