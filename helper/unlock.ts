/**
 * A PKCS#12 file or a private key whose password is known is kept open: certificate and chain go into the profile, the
 * key among the secrets, the file and its password away. What stays locked is asked for at each `up`. The ipc calls use it.
 */
import { DecodeError } from '#core/bytes/reader.ts';
import { decodeCertificate } from '#core/pki/certificate.ts';
import { wayUp } from '#core/pki/certreq.ts';
import { KeyFileError, readPrivateKey } from './pki/key-file.ts';
import { type Pkcs12, Pkcs12Error, readPkcs12 } from './pki/pkcs12.ts';
import { StoreError } from './profile-store.ts';
import type { StoredProfile } from './stored-profile.ts';
import { Secret } from './secret.ts';

type Entry = Pick<StoredProfile, 'profile' | 'otherSecrets'>;

/** A password that opens nothing; `field` is its name in the calls that take it. */
export class LockedError extends StoreError {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }

  /** The same, for one of several. */
  below(place: string): LockedError {
    return new LockedError(`${place}.${this.field}`, this.message);
  }
}

/** What an entry's schema takes of a chain. */
const MOST_ISSUERS = 8;

/** Rejects with LockedError where a password is wrong, with StoreError where what it should open cannot be used at all. */
export async function unlock<T extends Entry>(entry: T): Promise<Omit<T, keyof Entry> & Entry> {
  const { authentication } = entry.profile;
  const { pkcs12, pkcs12Password, privateKeyPassword, ...others } = entry.otherSecrets ?? {};
  if (authentication.method === 'psk') return entry;
  if (!pkcs12 && privateKeyPassword) {
    const privateKey = openKey(others.privateKey, privateKeyPassword);
    return { ...entry, otherSecrets: { ...others, ...(pkcs12Password && { pkcs12Password }), privateKey } };
  }
  if (!pkcs12) return entry;
  const opened = await open(pkcs12, pkcs12Password);
  if (!opened) return entry;
  const certificate = toBase64(opened.certificate);
  const chain = issuersOf(opened).slice(0, MOST_ISSUERS).map(toBase64);
  return {
    ...entry,
    profile: { ...entry.profile, authentication: { ...authentication, certificate, chain } },
    otherSecrets: { ...others, privateKey: new Secret(opened.privateKey) },
  };
}

function openKey(key: Secret | undefined, password: Secret): Secret {
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

const textOf = (secret: Secret): string => Buffer.from(secret.reveal()).toString('utf8');

const toBase64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');

/** Undefined where it is locked and no password is known; an empty one is tried. */
async function open(pkcs12: Secret, password: Secret | undefined): Promise<Pkcs12 | undefined> {
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
function issuersOf({ certificate, chain }: Pkcs12): Uint8Array[] {
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
