/**
 * A PKCS#12 file or a private key whose password is known is kept open: certificate and chain go into the profile, the
 * key among the secrets, the file and its password away. What stays locked is asked for at each `up`. The ipc calls use it.
 */
import type { StoredProfile } from './stored-profile.ts';
import { Secret } from './secret.ts';

type Entry = Pick<StoredProfile, 'profile' | 'otherSecrets'>;

/** What an entry's schema takes of a chain. */
const MOST_ISSUERS = 8;

const toBase64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');

/** Rejects with LockedError where a password is wrong, with StoreError where what it should open cannot be used at all. */
export async function unlock<T extends Entry>(entry: T): Promise<Omit<T, keyof Entry> & Entry> {
  const { authentication } = entry.profile;
  const { pkcs12, pkcs12Password, privateKeyPassword, ...others } = entry.otherSecrets ?? {};
  if (authentication.method === 'psk') return entry;
  if (!pkcs12 && !privateKeyPassword) return entry;
  const { issuersOf, openFile, openKey } = await import('./open-files.ts');
  if (!pkcs12 && privateKeyPassword) {
    const privateKey = openKey(others.privateKey, privateKeyPassword);
    return { ...entry, otherSecrets: { ...others, ...(pkcs12Password && { pkcs12Password }), privateKey } };
  }
  if (!pkcs12) return entry;
  const opened = await openFile(pkcs12, pkcs12Password);
  if (!opened) return entry;
  const certificate = toBase64(opened.certificate);
  const chain = issuersOf(opened).slice(0, MOST_ISSUERS).map(toBase64);
  return {
    ...entry,
    profile: { ...entry.profile, authentication: { ...authentication, certificate, chain } },
    otherSecrets: { ...others, privateKey: new Secret(opened.privateKey) },
  };
}
