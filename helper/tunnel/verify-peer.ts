/**
 * Answers `verify-peer`: is the other end the gateway of the profile? Its chain must lead to whom the profile trusts, its
 * certificate must carry the names it goes by, nobody may have revoked it, and AUTH must be its signature.
 *
 * CRLs and OCSP responses are fetched over ordinary, unmarked sockets: while a tunnel connects none of its own routes and
 * rules exist, and another tunnel that carries everything carries this, too. Bounds: helper/pki/fetch.ts.
 */
import { failureOfAuth, failureOfChain } from '#core/failure/certificate-failures.ts';
import { formatIdentification, type Identification } from '#core/ike/identification.ts';
import type { AnswerTo, Question } from '#core/ikev2/questions.ts';
import { verifyAuth } from '#core/pki/auth-signature.ts';
import { dialledIdentity } from '#core/pki/identity.ts';
import type { TrustAnchors } from '#core/pki/path.ts';
import type { NameRequirement } from '#core/pki/path-policy.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { GatewayAuthentication, Profile } from '#core/profile/profile.ts';
import type { Logger } from '../log/log.ts';
import type { RevocationPolicy } from '../pki/revocation.ts';
import { anchorsOf, systemAnchors } from '../pki/trust.ts';
import { validateGateway, type ValidationService } from '../pki/validate.ts';

type VerifyPeer = Extract<Question, { kind: 'verify-peer' }>;

/** Made once for all tunnels (main.ts). */
export interface Trust {
  readonly service: ValidationService;
  /** In place of whom the system trusts. */
  readonly system?: TrustAnchors;
}

export interface Dialled {
  readonly profile: Profile;
  /** What was dialled: a name or an address of the profile. */
  readonly host: string;
}

export const authoritiesOf = (proof: GatewayAuthentication): Uint8Array[] =>
  proof.method === 'psk' ? [] : proof.ca.map((text) => Uint8Array.from(Buffer.from(text, 'base64')));

/** Read once for all tunnels, when first asked. */
const SYSTEM = systemAnchors();

/** Whom to trust: the profile's own authorities, or else the system's. */
export function anchorsFor(proof: GatewayAuthentication, trust: Trust): TrustAnchors {
  const own = authoritiesOf(proof);
  return own.length > 0 ? anchorsOf(own) : (trust.system ?? SYSTEM);
}

/**
 * The identity it claims, always; and the one the profile wants, or what was dialled where it names none. A pinned
 * certificate needs no name.
 */
function namesWanted({ claimed, expected }: VerifyPeer, host: string, pinned: boolean): NameRequirement[] {
  if (pinned) return [];
  const other: NameRequirement =
    expected === undefined
      ? { wants: 'dialled', anyOf: [dialledIdentity(host)] }
      : { wants: 'profile', anyOf: [expected] };
  return [{ wants: 'IDr', anyOf: [claimed] }, other];
}

export async function verifyPeer(
  question: VerifyPeer,
  { profile, host }: Dialled,
  trust: Trust,
  log: Logger,
): Promise<AnswerTo<'verify-peer'>> {
  const proof = gatewayAuthenticationOf(profile);
  if (proof.method !== 'certificate')
    throw new Error('a certificate of a gateway that proves itself otherwise');
  const remoteId = nameOf(question.claimed);
  const pinned =
    proof.certificate === undefined ? undefined : Uint8Array.from(Buffer.from(proof.certificate, 'base64'));
  // CERT is optional (RFC 7296 §1.2): some gateways leave it out for clients that have it.
  const known = question.certificates.length === 0 && pinned ? [pinned] : question.certificates;
  const verdict = await validateGateway(trust.service, known, {
    anchors: anchorsFor(proof, trust),
    policy: {
      names: namesWanted(question, host, pinned !== undefined),
      ...(pinned === undefined ? {} : { pinned }),
    },
    revocation: proof.revocation,
    stapled: question.ocsp,
  });
  if (!verdict.valid) return { kind: 'failed', failure: failureOfChain(verdict.fault, remoteId) };
  for (const reason of verdict.revocationUnknown) log.warn(`whether it was revoked is not known: ${reason}`);
  for (const subject of asks(proof.revocation) ? verdict.unlisted : [])
    log.info(`the certificate of ${subject} names nobody who could say whether it was revoked`);
  const fault = verifyAuth(trust.service.crypto, verdict.key, question.auth, question.octets);
  if (fault) return { kind: 'failed', failure: failureOfAuth(fault, remoteId) };
  log.info(`the gateway is ${remoteId}, by the certificate of ${verdict.subject}`);
  return { kind: 'verify-peer' };
}

const asks = ({ crl, ocsp }: RevocationPolicy): boolean => crl || ocsp;

const nameOf = (id: Identification): string => formatIdentification(id);
