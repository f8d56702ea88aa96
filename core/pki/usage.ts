/**
 * Key usage and extended key usage of an end entity in IKE (RFC 4945 §5.1.3.2 and §5.1.3.12, RFC 4809 for ipsecIKE),
 * and of the CAs above it. path.ts applies it.
 */
import type { Certificate } from './certificate.ts';
import type { ChainFault } from './verdict.ts';

export type Purpose = 'gateway' | 'client';

const EKU = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ikeIntermediate: '1.3.6.1.5.5.8.2.2',
  ipsecIKE: '1.3.6.1.5.5.7.3.17',
  anyExtendedKeyUsage: '2.5.29.37.0',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const;

export const OCSP_SIGNING: string = EKU.OCSPSigning;

type EkuName = keyof typeof EKU;

/** Any one of them will do. A client certificate often is one for TLS clients; a gateway's one for TLS servers. */
const WANTED: Readonly<Record<Purpose, readonly EkuName[]>> = {
  gateway: ['serverAuth', 'ikeIntermediate', 'ipsecIKE', 'anyExtendedKeyUsage'],
  client: ['clientAuth', 'ikeIntermediate', 'ipsecIKE', 'anyExtendedKeyUsage'],
};

const ekuName = (oid: string): string => Object.entries(EKU).find(([, known]) => known === oid)?.[0] ?? oid;

/** `requireEku`: a certificate without the extension, which may do everything (RFC 5280 §4.2.1.12), is refused, too. */
export function extendedUsageFault(
  { extendedKeyUsage, subjectText }: Certificate,
  purpose: Purpose,
  requireEku: boolean,
): ChainFault | undefined {
  const wanted = WANTED[purpose];
  if (extendedKeyUsage === undefined && !requireEku) return undefined;
  if (extendedKeyUsage?.some((oid) => wanted.some((name) => EKU[name] === oid))) return undefined;
  return {
    fault: 'wrong-usage',
    subject: subjectText,
    extension: 'extendedKeyUsage',
    wanted: [...wanted],
    present: (extendedKeyUsage ?? []).map(ekuName),
  };
}

/** At least one of `wanted`, where the extension is there at all. */
export function keyUsageFault(
  { keyUsage, subjectText }: Certificate,
  wanted: readonly string[],
): ChainFault | undefined {
  if (keyUsage === undefined || keyUsage.some((usage) => wanted.includes(usage))) return undefined;
  return {
    fault: 'wrong-usage',
    subject: subjectText,
    extension: 'keyUsage',
    wanted: [...wanted],
    present: [...keyUsage],
  };
}
