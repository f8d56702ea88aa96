/**
 * Whom we trust: the profile's own certificates, or the system's store. Used by whoever calls validate.ts, and for
 * CERTREQ (core/pki/certreq.ts).
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { equalDistinguishedName } from '#core/ike/distinguished-name.ts';
import { type Certificate, decodeCertificate } from '#core/pki/certificate.ts';
import { type TrustAnchors, trustAnchors } from '#core/pki/path.ts';

/** Debian's and Ubuntu's, Fedora's and RHEL's, openSUSE's and Alpine's. */
const BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
];

/** The PEM certificates that the system trusts, in DER. Empty where it has none. */
export function systemCertificates(paths: readonly string[] = BUNDLES): Uint8Array[] {
  for (const path of paths) {
    const found = pemCertificates(tryRead(path));
    if (found.length > 0) return found;
  }
  return pemCertificates(getCACertificates('system').join('\n'));
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const PEM = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END/g;

export function pemCertificates(text: string): Uint8Array[] {
  return Array.from(text.matchAll(PEM), ([, body = '']) => Uint8Array.from(Buffer.from(body, 'base64')));
}

/** Trust in exactly these. Throws DecodeError where one is no certificate: a profile must not trust less than it says. */
export function anchorsOf(
  certificates: readonly Uint8Array[],
): TrustAnchors & { readonly all: readonly Certificate[] } {
  const all = certificates.map(decodeCertificate);
  return { ...trustAnchors(all), all };
}

/** The system's, read when first asked; what cannot be read is left out, as it can vouch for nobody. */
export function systemAnchors(read: () => readonly Uint8Array[] = systemCertificates): TrustAnchors {
  let bySubject: Map<string, Certificate[]> | undefined;
  const all = (): Certificate[] => [...(bySubject ??= index(read())).values()].flat();
  return {
    issuersOf: (issuer) => {
      bySubject ??= index(read());
      // The same octets nearly always; the long way where a CA wrote its name in another string type.
      return (
        bySubject.get(toHex(issuer)) ?? all().filter(({ subject }) => equalDistinguishedName(subject, issuer))
      );
    },
    has: ({ der, subject }) => {
      bySubject ??= index(read());
      return (bySubject.get(toHex(subject)) ?? []).some((anchor) => Buffer.compare(anchor.der, der) === 0);
    },
  };
}

function index(certificates: readonly Uint8Array[]): Map<string, Certificate[]> {
  const bySubject = new Map<string, Certificate[]>();
  for (const der of certificates) {
    const certificate = tryDecode(der);
    if (!certificate) continue;
    const subject = toHex(certificate.subject);
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), certificate]);
  }
  return bySubject;
}

function tryDecode(der: Uint8Array): Certificate | undefined {
  try {
    return new X509Certificate(der).ca ? decodeCertificate(der) : undefined;
  } catch (error) {
    if (error instanceof DecodeError || (error instanceof Error && 'code' in error)) return undefined;
    throw error;
  }
}
