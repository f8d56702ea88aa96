/**
 * The certificates of a stored profile for people who look at them: whose, from whom, until when, and what to be warned
 * of. Nothing is verified, no key is shown. The call `profiles.certificates` answers with it.
 */
import { createHash } from 'node:crypto';
import { DecodeError } from '#core/bytes/reader.ts';
import type { CertificateEntry, CertificateWarning } from '#core/ipc/profile-calls.ts';
import { UnsupportedAlgorithm } from '#core/pki/algorithm.ts';
import { type Certificate, decodeCertificate, isSelfIssued } from '#core/pki/certificate.ts';
import { formatGeneralName } from '#core/pki/general-name.ts';
import { describeKey, weaknessOf } from '#core/pki/public-key.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import { printable } from '#core/text/printable.ts';
import type { StoredProfile } from '../stored-profile.ts';
import { Pkcs12Error, readPkcs12 } from './pkcs12.ts';

type Role = CertificateEntry['role'];

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
const MOST_NAMES = 16;
const MIN_RSA_BITS = 2048;

/** `now` in milliseconds since 1970. Ours first, then its chain, the trust anchors, the gateway's. */
export async function certificatesOf(stored: StoredProfile, now: number): Promise<CertificateEntry[]> {
  const { authentication } = stored.profile;
  const gateway = gatewayAuthenticationOf(stored.profile);
  const own = authentication.method === 'psk' ? undefined : authentication;
  const inProfile: readonly (readonly [Role, readonly string[]])[] = [
    ['own', own?.certificate === undefined ? [] : [own.certificate]],
    ['chain', own?.chain ?? []],
    ['ca', 'ca' in gateway ? gateway.ca : []],
    ['gateway', 'certificate' in gateway && gateway.certificate !== undefined ? [gateway.certificate] : []],
  ];
  return [
    ...(await locked(stored, now)),
    ...inProfile.flatMap(([role, texts]) =>
      texts.map((text) => entryOf(role, Uint8Array.from(Buffer.from(text, 'base64')), now)),
    ),
  ];
}

/** A PKCS#12 file is opened when it is stored (unlock.ts), so that one that is still there mostly needs its password. */
async function locked(
  { otherSecrets: { pkcs12, pkcs12Password } = {} }: StoredProfile,
  now: number,
): Promise<CertificateEntry[]> {
  if (!pkcs12) return [];
  if (!pkcs12Password) return [unreadable('own', 'the PKCS#12 file is locked; its password is not stored')];
  try {
    const password = Buffer.from(pkcs12Password.reveal()).toString('utf8');
    const { certificate, chain } = await readPkcs12(pkcs12.reveal(), password);
    return [entryOf('own', certificate, now), ...chain.map((der) => entryOf('chain', der, now))];
  } catch (error) {
    if (error instanceof Pkcs12Error) return [unreadable('own', error.message)];
    throw error;
  }
}

const unreadable = (role: Role, problem: string, sha256: string | null = null): CertificateEntry => ({
  readable: false,
  role,
  problem: printable(problem),
  sha256,
});

function entryOf(role: Role, der: Uint8Array, now: number): CertificateEntry {
  const sha256 = createHash('sha256').update(der).digest('hex');
  try {
    const certificate = decodeCertificate(der);
    const { key, names, notBefore, notAfter } = certificate;
    return {
      readable: true,
      role,
      subject: certificate.subjectText,
      issuer: certificate.issuerText,
      names: names.slice(0, MOST_NAMES).map(formatGeneralName),
      moreNames: Math.max(0, names.length - MOST_NAMES),
      serial: certificate.serial,
      notBefore: new Date(notBefore).toISOString(),
      notAfter: new Date(notAfter).toISOString(),
      keyType: key instanceof UnsupportedAlgorithm ? printable(key.message, 80) : describeKey(key.facts),
      sha256,
      isCa: certificate.basicConstraints?.ca === true,
      expiresInDays: Math.floor((notAfter - now) / DAY_MS),
      warnings: warningsOf(role, certificate, now),
    };
  } catch (error) {
    if (error instanceof DecodeError) return unreadable(role, error.message, sha256);
    throw error;
  }
}

/** In the order of the contract's list. */
const WARNINGS: Readonly<
  Record<CertificateWarning, (certificate: Certificate, role: Role, now: number) => boolean>
> = {
  expired: ({ notAfter }, _, now) => notAfter < now,
  'not-yet-valid': ({ notBefore }, _, now) => notBefore > now,
  'expires-soon': ({ notAfter }, _, now) => notAfter >= now && notAfter - now < SOON_DAYS * DAY_MS,
  'weak-key': ({ key }) =>
    !(key instanceof UnsupportedAlgorithm) &&
    weaknessOf(key.facts, { minRsaBits: MIN_RSA_BITS }) !== undefined,
  'weak-signature': (certificate) => {
    const { scheme } = certificate;
    if (scheme instanceof UnsupportedAlgorithm || isSelfIssued(certificate)) return false;
    return 'hash' in scheme && (scheme.hash === 'md5' || scheme.hash === 'sha1');
  },
  'unknown-algorithm': ({ key, scheme }) =>
    key instanceof UnsupportedAlgorithm || scheme instanceof UnsupportedAlgorithm,
  'not-an-authority': ({ basicConstraints }, role) =>
    (role === 'ca' || role === 'chain') && basicConstraints?.ca !== true,
  'unknown-critical-extension': ({ unknownCritical }) => unknownCritical.length > 0,
};

const warningsOf = (role: Role, certificate: Certificate, now: number): CertificateWarning[] =>
  (Object.keys(WARNINGS) as CertificateWarning[]).filter((name) => WARNINGS[name](certificate, role, now));
