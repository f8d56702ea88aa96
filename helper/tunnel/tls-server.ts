/**
 * The last word on the server inside EAP (TLS, TTLS, PEAP), whose chain OpenSSL has found good: the name of the AAA server
 * that the profile expects, then the same rules for the path, and the same revocation, as for the gateway itself.
 * answers.ts gives it to helper/tls, which asks before a password leaves, and with TLS 1.3 before our certificate does.
 */
import { DecodeError } from '#core/bytes/reader.ts';
import type { TlsFailure } from '#core/eap/failure.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import { decodeCertificate } from '#core/pki/certificate.ts';
import { dialledIdentity, namesOf, speaksFor } from '#core/pki/identity.ts';
import type { ChainFault } from '#core/pki/verdict.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { GatewayAuthentication } from '#core/profile/profile.ts';
import type { Logger } from '../log/log.ts';
import type { RevocationPolicy } from '../pki/revocation.ts';
import { validateGateway } from '../pki/validate.ts';
import type { TlsPeer } from '../tls/tls-tunnel.ts';
import { anchorsFor, type Dialled, type Trust } from './verify-peer.ts';

/** Of a gateway that proves itself by a pre-shared key: such a profile has no word on revocation. */
const RELAXED: RevocationPolicy = { crl: true, ocsp: true, strict: false };

export const revocationFor = (proof: GatewayAuthentication): RevocationPolicy =>
  proof.method === 'psk' ? RELAXED : proof.revocation;

/** What is wrong with it, or undefined. Bounded in time by validate.ts. */
export async function verifyTlsServer(
  { chain, stapled }: Pick<TlsPeer, 'chain' | 'stapled'>,
  dialled: Dialled,
  trust: Trust,
  log: Logger,
): Promise<TlsFailure | undefined> {
  const misnamed = nameFault(chain[0] ?? new Uint8Array(0), dialled);
  if (misnamed) return misnamed;
  const proof = gatewayAuthenticationOf(dialled.profile);
  const verdict = await validateGateway(trust.service, chain, {
    anchors: anchorsFor(proof, trust),
    policy: {},
    revocation: revocationFor(proof),
    ...(stapled === undefined ? {} : { stapled: [stapled] }),
  });
  if (!verdict.valid) return tlsFailureOf(verdict.fault);
  for (const reason of verdict.revocationUnknown) log.warn(`whether it was revoked is not known: ${reason}`);
  return undefined;
}

/** The profile's name for the AAA server, or else the gateway's, which is nearly always the same machine. */
function nameFault(leaf: Uint8Array, { profile, host }: Dialled): TlsFailure | undefined {
  const { authentication, gateway } = profile;
  const named = 'aaaId' in authentication ? authentication.aaaId : undefined;
  const expected = named ?? gateway.id ?? host;
  try {
    const certificate = decodeCertificate(leaf);
    const id = parseIdentification(expected) ?? dialledIdentity(expected);
    if (speaksFor(certificate, id)) return undefined;
    return { reason: 'wrong-name', expected, names: namesOf(certificate) };
  } catch (error) {
    if (error instanceof DecodeError) return { reason: 'protocol', detail: error.message };
    throw error;
  }
}

/** The rules of the path in the terms of EAP; what OpenSSL lets pass and we do not is a certificate not to be trusted. */
function tlsFailureOf(fault: ChainFault): TlsFailure {
  const subject = 'subject' in fault ? fault.subject : '';
  switch (fault.fault) {
    case 'revoked': {
      const since = new Date(fault.at).toISOString().slice(0, 10);
      const detail = `since ${since}, reason: ${fault.reason}, source: ${fault.by.toUpperCase()}`;
      return { reason: 'revoked', subject, detail };
    }
    case 'revocation-unknown':
      return { reason: 'revocation-unknown', subject, detail: fault.detail };
    case 'expired':
    case 'not-yet-valid':
    case 'wrong-usage':
      return { reason: fault.fault, subject, detail: fault.fault };
    default:
      return {
        reason: 'untrusted',
        code: fault.fault,
        subject,
        issuer: 'missingIssuer' in fault ? fault.missingIssuer : '',
      };
  }
}
